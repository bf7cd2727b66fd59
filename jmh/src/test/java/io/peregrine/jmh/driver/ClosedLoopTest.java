package io.peregrine.jmh.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.server.ByteArrayMarshaller;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClosedLoopTest {
    private final ExecutorService server = Executors.newSingleThreadExecutor();
    private final AtomicInteger started = new AtomicInteger();

    @AfterEach
    void stopServer() {
        server.shutdownNow();
    }

    @Test
    void makesExactlyTheCallsAskedFor() throws InterruptedException {
        ClosedLoop loop = loopOf(null, 10);

        loop.run(1000);
        loop.run(500);

        assertThat(started).hasValue(1500);
        assertThat(loop.calls()).isEqualTo(1500);
    }

    @Test
    void timesASampleOfTheCalls() throws InterruptedException {
        ClosedLoop loop = loopOf(null, 1);

        loop.run(1600);

        assertThat(loop.latencyNs().getIntervalHistogram().getTotalCount()).isEqualTo(100);
    }

    @Test
    void reportsACallThatFailed() {
        ClosedLoop loop = loopOf(new IllegalArgumentException("refused"), 1);

        assertThatIllegalStateException().isThrownBy(() -> loop.run(10)).withMessageContaining("refused");
        assertThat(loop.calls()).isZero();
    }

    private ClosedLoop loopOf(@Nullable Throwable failure, int outstanding) {
        EchoClient<byte[]> client = new EchoClient<>() {
            @Override
            public byte[] call(byte[] request) {
                throw new UnsupportedOperationException();
            }

            @Override
            public RepeatedCall newCall(byte[] request, Completion completion) {
                return () -> {
                    started.incrementAndGet();
                    server.execute(() -> completion.onEnd(failure));
                };
            }

            @Override
            public void close() {}
        };
        return ClosedLoop.of(
                client,
                new Payload<>(
                        new byte[0], io.peregrine.client.Marshallers.bytes(), new ByteArrayMarshaller(), unused -> {}),
                outstanding);
    }
}
