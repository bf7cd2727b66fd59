package io.peregrine.transport.tls;

import io.netty.handler.ssl.SslContext;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The TLS context for new connections, replaced when the files behind it change.
 *
 * <p>There is no thread for it. Who is about to connect asks {@link #checkIfDue()}, which at most once in an interval
 * reads the files on another thread; a context is made only if their contents differ from those tried last. What is
 * broken, or half written, as a certificate whose key is not there yet, changes nothing but the log; the next check sees
 * that it differs once more. A new context has an empty cache of sessions, so that nothing is resumed that was agreed
 * under the identity or the trust of before.
 */
final class ReloadingContext {
    private static final Logger LOGGER = System.getLogger(ReloadingContext.class.getPackageName());

    /** How long the same complaint is not repeated. */
    private static final long COMPLAINT_INTERVAL_NS = Duration.ofMinutes(10).toNanos();

    private final ContextFactory factory;
    private final long intervalNs;
    private final LongSupplier clockNs;
    private final Executor executor;

    /** One reload at a time; not held by those who connect. */
    private final Object reloading = new Object();

    private volatile SslContext current;

    // Guarded by this.
    private @Nullable CompletableFuture<Void> check;
    private long checkedAtNs;

    // Guarded by reloading.
    private byte[] triedDigest;
    private @Nullable String complaint;
    private long complainedAtNs;

    /**
     * Reads everything for the first time.
     *
     * @param interval how long the files are not looked at again; zero for ever
     * @param executor what reads them
     * @throws IllegalArgumentException as {@link ContextFactory#create()}
     */
    ReloadingContext(ContextFactory factory, Duration interval, LongSupplier clockNs, Executor executor) {
        this.factory = factory;
        this.intervalNs = interval.toNanos();
        this.clockNs = clockNs;
        this.executor = executor;
        this.checkedAtNs = clockNs.getAsLong();
        // The digest first: what changes after it is read again at the first check.
        this.triedDigest = factory.digest();
        this.current = factory.create();
    }

    SslContext current() {
        return current;
    }

    /** Returns null, or a running look at the files, which a new connection does well to wait for. Never fails. */
    synchronized @Nullable CompletableFuture<Void> checkIfDue() {
        if (check != null && !check.isDone()) {
            return check;
        }
        long nowNs = clockNs.getAsLong();
        if (intervalNs == 0 || !factory.mayChange() || nowNs - checkedAtNs < intervalNs) {
            return null;
        }
        checkedAtNs = nowNs;
        check = CompletableFuture.runAsync(this::reloadIfChanged, executor);
        return check;
    }

    /**
     * Reads everything now, changed or not, and forgets the sessions.
     *
     * @throws IllegalArgumentException as {@link ContextFactory#create()}; what was read before stays in use
     */
    void reload() {
        synchronized (reloading) {
            byte[] digest = factory.digest();
            current = factory.create();
            triedDigest = digest;
            complaint = null;
        }
    }

    private void reloadIfChanged() {
        synchronized (reloading) {
            try {
                byte[] digest = factory.digest();
                if (!Arrays.equals(digest, triedDigest)) {
                    triedDigest = digest;
                    current = factory.create();
                    complaint = null;
                    LOGGER.log(Level.INFO, "TLS certificates and keys were reloaded, for new connections");
                } else if (complaint != null) {
                    complain(complaint);
                }
            } catch (RuntimeException e) {
                // All foreseen complaints are sentences; of the others the kind matters too.
                complain(e instanceof IllegalArgumentException ? String.valueOf(e.getMessage()) : e.toString());
            }
        }
    }

    /** At most once for each check, and the same words at most once in ten minutes. */
    private void complain(String sentence) {
        long nowNs = clockNs.getAsLong();
        if (!sentence.equals(complaint) || nowNs - complainedAtNs >= COMPLAINT_INTERVAL_NS) {
            complaint = sentence;
            complainedAtNs = nowNs;
            LOGGER.log(
                    Level.WARNING,
                    "TLS certificates and keys were not reloaded, those read before stay in use: " + sentence);
        }
    }
}
