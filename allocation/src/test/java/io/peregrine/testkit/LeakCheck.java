package io.peregrine.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ResourceLeakDetectorFactory;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class that leaks a reference-counted buffer.
 *
 * <p>It is registered through {@code META-INF/services}, so a module gets it with this jar on its test class path
 * and {@code junit.jupiter.extensions.autodetection.enabled=true}. It installs detectors that record when the class
 * is loaded, before any test class is, and after each class collects garbage and asks them. Netty's level
 * {@code paranoid} is needed for every leak to be seen.
 *
 * <p>A buffer that is still reachable when its class ends (from a static field, or from a thread that goes on) is
 * found after a later class, and fails that one; the trace in the message names the place of the allocation.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
    private static final Duration COLLECTION_DEADLINE = Duration.ofSeconds(30);
    private static final RecordedLeaks LEAKS = install();

    /** Called by JUnit. */
    public LeakCheck() {}

    private static RecordedLeaks install() {
        RecordedLeaks leaks = new RecordedLeaks();
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(leaks);
        // Netty asks for its detector of buffers when the first buffer class is initialised: now, or too early.
        UnpooledByteBufAllocator.DEFAULT.directBuffer(1).release();
        if (!leaks.watches(ByteBuf.class)) {
            throw new IllegalStateException("LeakCheck was loaded after the first ByteBuf (expected: before)");
        }
        return leaks;
    }

    /** Loading the class has installed the detectors; nothing is left to do. */
    @Override
    public void beforeAll(ExtensionContext context) {}

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = collectLeaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError(context.getDisplayName() + " ended with " + leaks.size()
                    + " leaked buffer(s) (expected: none):\n" + String.join("\n", leaks));
        }
    }

    /**
     * Collects garbage and returns what leaked since the last call, one report for each distinct trace. What is
     * returned is forgotten and does not fail the class.
     */
    public static List<String> collectLeaks() {
        // The JVM hands the references of a collection over on a thread of its own, one whole collection after the
        // other: once a reference of the second arrived, those of the first have all been handed over.
        awaitCollection();
        awaitCollection();
        return LEAKS.drain();
    }

    private static void awaitCollection() {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        PhantomReference<Object> sentinel = new PhantomReference<>(new Object(), queue);
        System.gc();
        try {
            if (queue.remove(COLLECTION_DEADLINE.toMillis()) == null) {
                throw new IllegalStateException("no garbage collection within " + COLLECTION_DEADLINE
                        + " of System.gc() (expected: one; is -XX:+DisableExplicitGC set?)");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a garbage collection", interrupted);
        } finally {
            Reference.reachabilityFence(sentinel);
        }
    }
}
