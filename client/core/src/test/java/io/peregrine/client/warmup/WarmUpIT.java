package io.peregrine.client.warmup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.transport.io.EventLoops;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Warm-ups over real sockets, with few calls: that they make them, not what the compiler makes of it. */
class WarmUpIT {
    private static final MethodDescriptor<byte[], byte[]> BYTES =
            MethodDescriptor.unary("test.Quotes/Latest", Marshallers.bytes(), Marshallers.bytes());

    @Test
    void makesTheCallsThatWereAskedFor() throws Exception {
        WarmUp.Report report =
                WarmUp.create().blockingCalls(7).asyncCalls(100).tls().run();

        assertThat(report.calls()).isEqualTo(107);
        assertThat(report.elapsed()).isPositive();
    }

    @Test
    void makesFewerCallsThanFitAtATime() throws Exception {
        assertThat(WarmUp.create().blockingCalls(0).asyncCalls(3).run().calls()).isEqualTo(3);
        assertThat(WarmUp.create().blockingCalls(0).asyncCalls(0).run().calls()).isZero();
    }

    @Test
    void trainsEachMethodWithItsOwnMarshallers() throws Exception {
        CountingMarshaller responses = new CountingMarshaller();
        MethodDescriptor<byte[], byte[]> counted =
                MethodDescriptor.unary("test.Quotes/Counted", Marshallers.bytes(), responses);

        WarmUp.Report report = WarmUp.create()
                .method(counted, new byte[] {1}, new byte[] {7, 7})
                .method(BYTES, new byte[] {2}, new byte[0])
                .blockingCalls(5)
                .asyncCalls(20)
                .run();

        assertThat(report.calls()).isEqualTo(50);
        assertThat(responses.read.get()).isEqualTo(25);
    }

    @Test
    void carriesMessagesUpToTheLimitInBothDirections() throws Exception {
        byte[] largest = new byte[CannedResponse.MAX_MESSAGE_BYTES];
        Arrays.fill(largest, (byte) 3);

        WarmUp.Report report = WarmUp.create()
                .method(BYTES, largest, largest)
                .blockingCalls(20)
                .asyncCalls(200)
                .run();

        assertThat(report.calls()).isEqualTo(220);
    }

    @Test
    void stopsWhenTheTimeIsOver() throws Exception {
        assertThat(WarmUp.create().limit(Duration.ZERO).run().calls()).isZero();
    }

    @Test
    void failsWithWhatTheMarshallerThrows() {
        MethodDescriptor<byte[], byte[]> broken =
                MethodDescriptor.unary("test.Quotes/Broken", Marshallers.bytes(), new CountingMarshaller() {
                    @Override
                    public byte[] read(ByteBuf message) {
                        throw new IllegalStateException("cannot read");
                    }
                });
        WarmUp blocking = WarmUp.create().method(broken, new byte[1], new byte[1]);
        WarmUp async = WarmUp.create().method(broken, new byte[1], new byte[1]).blockingCalls(0);

        assertThatExceptionOfType(StatusException.class).isThrownBy(blocking::run);
        assertThatExceptionOfType(StatusException.class).isThrownBy(async::run);
    }

    @Test
    void runsOnTheGivenEventLoopsAndLeavesThemOpen() throws Exception {
        try (EventLoops loops = EventLoops.create(1)) {
            WarmUp.create().eventLoops(loops).blockingCalls(1).asyncCalls(1).run();

            assertThat(loops.next().submit(() -> 5).get()).isEqualTo(5);
            assertThatIllegalStateException()
                    .isThrownBy(() -> loops.next()
                            .submit(() -> WarmUp.create().blockingCalls(0).run())
                            .sync())
                    .withMessageStartingWith("run() on an event loop");
        }
    }

    @Test
    void refusesWhatItCannotTrain() {
        MethodDescriptor<byte[], byte[]> stream =
                MethodDescriptor.bidiStreaming("test.Quotes/Watch", Marshallers.bytes(), Marshallers.bytes());
        WarmUp warmUp = WarmUp.create();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> warmUp.method(stream, new byte[0], new byte[0]))
                .withMessageContaining("expected: a unary one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> warmUp.method(BYTES, new byte[0], new byte[65_537]))
                .withMessage("response: 65537 bytes (expected: at most 65536)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> warmUp.blockingCalls(-1))
                .withMessage("blocking calls: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> warmUp.asyncCalls(-1))
                .withMessage("asynchronous calls: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> warmUp.limit(Duration.ofNanos(-1)))
                .withMessage("limit: PT-0.000000001S (expected: zero or more)");
    }

    private static class CountingMarshaller implements Marshaller<byte[]> {
        final AtomicInteger read = new AtomicInteger();

        @Override
        public int encodedSize(byte[] message) {
            return message.length;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            out.writeBytes(message);
        }

        @Override
        public byte[] read(ByteBuf message) {
            read.incrementAndGet();
            byte[] octets = new byte[message.readableBytes()];
            message.readBytes(octets);
            return octets;
        }
    }
}
