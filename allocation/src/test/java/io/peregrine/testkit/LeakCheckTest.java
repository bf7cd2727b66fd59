package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.ServiceLoader;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * These tests leak on purpose and take the reports before they can fail the class. Netty's log is off meanwhile: a
 * {@code LEAK:} line in the output of the build always is one too many.
 */
class LeakCheckTest {
    private static final Logger NETTY_LOG = Logger.getLogger(ResourceLeakDetector.class.getName());

    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

    @BeforeEach
    void trackEveryBufferQuietly() {
        NETTY_LOG.setLevel(Level.OFF);
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    }

    @AfterEach
    void restoreDetection() {
        ResourceLeakDetector.setLevel(level);
        NETTY_LOG.setLevel(null);
    }

    @Test
    void isFoundByJUnitWithoutBeingNamed() {
        assertThat(ServiceLoader.load(Extension.class).stream().map(ServiceLoader.Provider::type))
                .contains(LeakCheck.class);
        assertThat(ResourceLeakDetectorFactory.instance()).isInstanceOf(RecordedLeaks.class);
    }

    @Test
    void reportsABufferThatWasNotReleasedWithThePlaceOfItsAllocation() {
        leakOneBuffer();

        List<String> leaks = LeakCheck.collectLeaks();

        assertThat(leaks).hasSize(1);
        assertThat(leaks.get(0)).contains("ByteBuf").contains("LeakCheckTest.leakOneBuffer");
        assertThat(LeakCheck.collectLeaks()).isEmpty();
    }

    @Test
    void failsTheClassAfterWhichALeakIsFound() {
        leakAnotherBuffer();

        assertThatThrownBy(() -> new LeakCheck().afterAll(contextOf("QuoteStreamTest")))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("QuoteStreamTest ended with 1 leaked buffer(s) (expected: none):")
                .hasMessageContaining("LeakCheckTest.leakAnotherBuffer");
    }

    @Test
    void isSilentWhenEveryBufferWasReleased() {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer(16);
        buffer.release();

        new LeakCheck().afterAll(contextOf("QuoteStreamTest"));
    }

    @Test
    void aBufferThatIsStillInUseIsNoLeak() {
        ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer(16);

        assertThat(LeakCheck.collectLeaks()).isEmpty();

        buffer.release();
    }

    private static void leakOneBuffer() {
        UnpooledByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
    }

    private static void leakAnotherBuffer() {
        UnpooledByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
    }

    /** A context that only knows its name; any other question fails the test. */
    private static ExtensionContext contextOf(String displayName) {
        return (ExtensionContext) Proxy.newProxyInstance(
                LeakCheckTest.class.getClassLoader(),
                new Class<?>[] {ExtensionContext.class},
                (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("getDisplayName");
                    return displayName;
                });
    }
}
