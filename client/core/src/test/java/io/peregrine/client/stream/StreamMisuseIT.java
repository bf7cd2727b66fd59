package io.peregrine.client.stream;

import static io.peregrine.client.stream.StreamServer.ECHO;
import static io.peregrine.client.stream.StreamServer.FLOOD;
import static io.peregrine.client.stream.StreamServer.HOLD;
import static io.peregrine.client.stream.StreamServer.SAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.MethodType;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an application can do wrong with a blocking stream, each with its one result, and nobody else concerned. */
class StreamMisuseIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));
    private static final byte[] MESSAGE = {1, 2, 3};

    private StreamServer server;
    private ClientConn conn;
    private Bystander bystander;

    @BeforeEach
    void start() throws Exception {
        server = StreamServer.start();
        conn = server.connect();
        bystander = new Bystander(conn);
    }

    @AfterEach
    void stop() throws Exception {
        bystander.assertUnharmed();
        conn.close();
        server.close();
    }

    // ---- Order -----------------------------------------------------------------------------------------------

    @Test
    void ca3AMessageBehindTheEndOfTheRequestsIsRefused() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            stream.send(MESSAGE);
            stream.closeSend();

            assertThatIllegalStateException()
                    .isThrownBy(() -> stream.send(MESSAGE))
                    .withMessageContaining("expected: nothing after closeSend");
            assertThatIllegalStateException().isThrownBy(() -> stream.trySend(MESSAGE));
            assertThat(stream.receive()).isEqualTo(MESSAGE);
            assertThat(stream.receive()).isNull();
        }
    }

    @Test
    void ca3ASecondEndOfTheRequestsIsRefused() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            stream.closeSend();

            assertThatIllegalStateException().isThrownBy(stream::closeSend);
            assertThat(stream.receive()).isNull();
        }
    }

    @Test
    void ca2ASecondRequestOfAMethodWithOneIsRefused() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(SAY, MESSAGE, OPTIONS)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> stream.send(MESSAGE))
                    .withMessage("a second request message for " + SAY + " (expected: one)");
            assertThat(stream.receive()).isEqualTo(MESSAGE);
        }
    }

    @Test
    void ca2TheRequestOfAMethodWithOneMayBeFollowedByItsEnd() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(SAY, MESSAGE, OPTIONS)) {
            assertThat(stream.closeAndReceive()).isEqualTo(MESSAGE);
        }
    }

    @Test
    void ca2AMethodWithOneRequestDoesNotEndItsRequestsWithoutIt() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(SAY, OPTIONS)) {
            assertThatIllegalStateException()
                    .isThrownBy(stream::closeSend)
                    .withMessage("no request message for " + SAY + " (expected: one)");
            stream.send(MESSAGE);
            assertThat(stream.receive()).isEqualTo(MESSAGE);
        }
    }

    @Test
    void trailersAreNotThereBeforeTheEnd() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            assertThatIllegalStateException().isThrownBy(stream::trailers);
            stream.closeSend();
            assertThat(stream.receive()).isNull();
            assertThat(stream.trailers().isEmpty()).isTrue();
        }
    }

    @Test
    void thereIsNothingBehindTheLastMessage() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(SAY, MESSAGE, OPTIONS)) {
            Iterator<byte[]> messages = stream.iterator();

            assertThat(messages.next()).isEqualTo(MESSAGE);
            assertThat(messages.hasNext()).isFalse();
            assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(messages::next);
        }
    }

    // ---- Two threads -----------------------------------------------------------------------------------------

    @Test
    void aSecondReceiverIsTurnedAway() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            Waiter<byte[]> first = new Waiter<>("first-receiver", stream::receive);

            assertThatIllegalStateException()
                    .isThrownBy(stream::receive)
                    .withMessageContaining("receive() on " + ECHO + " while first-receiver is in it");
            assertThatIllegalStateException().isThrownBy(stream::headers);
            stream.send(MESSAGE);
            assertThat(first.result()).isEqualTo(MESSAGE);
        }
    }

    @Test
    void aSecondSenderIsTurnedAway() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(HOLD, OPTIONS)) {
            Flooder first = new Flooder(stream);
            first.awaitStandstill();

            assertThatIllegalStateException()
                    .isThrownBy(() -> stream.send(MESSAGE))
                    .withMessageContaining("send() on " + HOLD + " while sender is in it");
            assertThatIllegalStateException().isThrownBy(() -> stream.trySend(MESSAGE));
            first.enough = true;
            server.admit();
            first.waiter.result();
            stream.send(MESSAGE);
            assertThat(stream.closeAndReceive()).isEqualTo(MESSAGE);
        }
    }

    /** A thread that sends until it is told that it is enough. */
    private final class Flooder {
        private final AtomicInteger sent = new AtomicInteger();
        private final Waiter<Integer> waiter;
        private volatile boolean enough;

        Flooder(ClientStream<byte[], byte[]> stream) {
            waiter = new Waiter<>("sender", () -> {
                while (!enough) {
                    stream.send(new byte[64 << 10]);
                    sent.incrementAndGet();
                }
                return sent.get();
            });
        }

        /** Waits until the thread has not got on for the time of many other calls. */
        void awaitStandstill() {
            int before;
            do {
                before = sent.get();
                for (int i = 0; i < 50; i++) {
                    conn.invoke(SAY, MESSAGE, OPTIONS);
                }
            } while (before != sent.get());
            Waiting.untilParked(waiter.thread);
        }
    }

    // ---- After the end ---------------------------------------------------------------------------------------

    @Test
    void aStreamThatEndedWithOkTakesNothingAndGivesNothing() {
        ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS);
        stream.closeSend();
        assertThat(stream.receive()).isNull();

        assertThat(stream.receive()).isNull();
        assertThat(stream.headers().get(Metadata.Key.of("x-server"))).isEqualTo("streams");
        assertThatIllegalStateException().isThrownBy(() -> stream.send(MESSAGE));
        stream.cork();
        stream.flush();
        stream.compress(false);
        stream.cancel();
        stream.cancel("too late", new IOException());
        stream.close();
        stream.close();
        assertThat(stream.receive()).isNull();
        assertThat(stream.trailers().isEmpty()).isTrue();
    }

    @Test
    void aStreamThatFailedSaysSoEachTime() {
        MethodDescriptor<byte[], byte[]> unknown =
                MethodDescriptor.bidiStreaming("test.Streams/Unknown", Marshallers.bytes(), Marshallers.bytes());
        ClientStream<byte[], byte[]> stream = conn.newStream(unknown, OPTIONS);
        assertThat(failureOf(stream).code()).isEqualTo(StatusCode.UNIMPLEMENTED);

        assertThat(failureOf(stream).code()).isEqualTo(StatusCode.UNIMPLEMENTED);
        assertThatExceptionOfType(StatusException.class).isThrownBy(() -> stream.send(MESSAGE));
        assertThatExceptionOfType(StatusException.class).isThrownBy(() -> stream.trySend(MESSAGE));
        assertThatExceptionOfType(StatusException.class).isThrownBy(stream::headers);
        assertThatIllegalStateException().isThrownBy(stream::trailers);
        stream.closeSend();
        stream.cancel();
        stream.close();
        stream.close();
        assertThat(failureOf(stream).code()).isEqualTo(StatusCode.UNIMPLEMENTED);
    }

    @Test
    void aStreamThatWasClosedIsCancelled() {
        ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS);
        stream.send(MESSAGE);
        assertThat(stream.receive()).isEqualTo(MESSAGE);

        stream.close();
        stream.close();

        StatusException failed = failureOf(stream);
        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed).hasMessageContaining("the stream was closed before the call had ended");
        assertThatExceptionOfType(StatusException.class).isThrownBy(() -> stream.send(MESSAGE));
        Waiting.until("the server knows", () -> server.cancelled() == 1);
    }

    // ---- Marshallers -----------------------------------------------------------------------------------------

    /** Throws at a message whose first byte says so. */
    private static final class Choosy implements Marshaller<byte[]> {
        static final byte THROWS = 66;
        static final byte FAILS = 67;
        static final byte LIES = 68;

        private final Marshaller<byte[]> octets = Marshallers.bytes();

        @Override
        public int encodedSize(byte[] message) {
            return octets.encodedSize(message) + (message[0] == LIES ? 1 : 0);
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            throwIfBad(message[0]);
            octets.write(message, out);
        }

        @Override
        public byte[] read(ByteBuf message) throws Exception {
            throwIfBad(message.getByte(message.readerIndex()));
            return octets.read(message);
        }

        private static void throwIfBad(byte first) {
            if (first == THROWS) {
                throw new IllegalArgumentException("not this message");
            }
            if (first == FAILS) {
                throw new StackOverflowError("not this message either");
            }
        }
    }

    @Test
    void ms6ARequestThatCannotBeMarshalledEndsItsCall() {
        for (byte bad : new byte[] {Choosy.THROWS, Choosy.FAILS, Choosy.LIES}) {
            MethodDescriptor<byte[], byte[]> method =
                    MethodDescriptor.of(MethodType.BIDI_STREAMING, ECHO.fullName(), new Choosy(), Marshallers.bytes());
            try (ClientStream<byte[], byte[]> stream = conn.newStream(method, OPTIONS)) {
                stream.send(MESSAGE);
                assertThat(stream.receive()).isEqualTo(MESSAGE);

                stream.send(new byte[] {bad});

                StatusException failed = failureOf(stream);
                assertThat(failed.code()).isEqualTo(StatusCode.INTERNAL);
                assertThat(failed).hasMessageContaining("the request cannot be marshalled");
            }
        }
    }

    @Test
    void ms6ARequestThatIsNullEndsItsCall() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            byte[] nothing = null;

            stream.send(nothing);

            assertThat(failureOf(stream).code()).isEqualTo(StatusCode.INTERNAL);
        }
    }

    @Test
    void ms6TheOnlyRequestMayBeTheOneThatCannotBeMarshalled() {
        MethodDescriptor<byte[], byte[]> method =
                MethodDescriptor.of(MethodType.UNARY, SAY.fullName(), new Choosy(), Marshallers.bytes());
        try (ClientStream<byte[], byte[]> stream = conn.newStream(method, new byte[] {Choosy.THROWS}, OPTIONS)) {
            StatusException failed = catchThrowableOfType(StatusException.class, stream::closeAndReceive);

            assertThat(failed.code()).isEqualTo(StatusCode.INTERNAL);
        }
    }

    @Test
    void ms6AResponseThatCannotBeReadEndsItsCallBehindThoseThatCan() {
        for (byte bad : new byte[] {Choosy.THROWS, Choosy.FAILS}) {
            MethodDescriptor<byte[], byte[]> method =
                    MethodDescriptor.of(MethodType.BIDI_STREAMING, ECHO.fullName(), Marshallers.bytes(), new Choosy());
            try (ClientStream<byte[], byte[]> stream = conn.newStream(method, OPTIONS)) {
                stream.cork();
                stream.send(MESSAGE);
                stream.send(new byte[] {bad});
                stream.send(MESSAGE);
                stream.flush();

                assertThat(stream.receive()).isEqualTo(MESSAGE);
                StatusException failed = failureOf(stream);
                assertThat(failed.code()).isEqualTo(StatusCode.INTERNAL);
                assertThat(failed).hasMessageContaining("not this message");
            }
        }
    }

    // ---- Interrupts ------------------------------------------------------------------------------------------

    @Test
    void anInterruptEndsTheCallOfAThreadThatReceives() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            assertInterruptCancels(new Waiter<>("receiver", stream::receive));
        }
    }

    @Test
    void anInterruptEndsTheCallOfAThreadThatWaitsForHeaders() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(HOLD, OPTIONS)) {
            assertInterruptCancels(new Waiter<>("receiver", stream::headers));
        }
    }

    @Test
    void anInterruptEndsTheCallOfAThreadThatSends() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(HOLD, OPTIONS)) {
            Flooder sender = new Flooder(stream);
            sender.awaitStandstill();

            assertInterruptCancels(sender.waiter);
        }
    }

    @Test
    void anInterruptOfTheSenderEndsTheWaitOfTheReceiver() throws Exception {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(HOLD, OPTIONS)) {
            Waiter<byte[]> receiver = new Waiter<>("receiver", stream::receive);
            Flooder sender = new Flooder(stream);
            sender.awaitStandstill();

            assertInterruptCancels(sender.waiter);

            assertThat(receiver.failure().code()).isEqualTo(StatusCode.CANCELLED);
        }
    }

    private static void assertInterruptCancels(Waiter<?> waiter) throws Exception {
        waiter.thread.interrupt();

        StatusException failed = waiter.failure();
        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed.status().cause()).isInstanceOf(InterruptedException.class);
        assertThat(waiter.keptInterrupt).as("interrupt status").isTrue();
    }

    /** A thread of its own, which waits in a stream by the time that the constructor returns. */
    private static final class Waiter<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private final Thread thread;
        private volatile boolean keptInterrupt;

        Waiter(String name, Callable<T> step) {
            thread = new Thread(
                    () -> {
                        try {
                            result.complete(step.call());
                        } catch (Exception failed) {
                            keptInterrupt = Thread.currentThread().isInterrupted();
                            result.completeExceptionally(failed);
                        }
                    },
                    name);
            thread.start();
            Waiting.untilParked(thread);
        }

        T result() throws Exception {
            return result.get(20, TimeUnit.SECONDS);
        }

        StatusException failure() {
            Throwable failed = catchThrowable(() -> result.get(20, TimeUnit.SECONDS));
            assertThat(failed).hasCauseInstanceOf(StatusException.class);
            return (StatusException) failed.getCause();
        }
    }

    // ---- Where it runs ---------------------------------------------------------------------------------------

    @Test
    void anEventLoopIsNotMadeToWaitForItself() throws Exception {
        CompletableFuture<Throwable> begun = new CompletableFuture<>();
        CompletableFuture<Throwable> received = new CompletableFuture<>();
        CompletableFuture<Throwable> sent = new CompletableFuture<>();
        try (ClientStream<byte[], byte[]> idle = conn.newStream(ECHO, OPTIONS);
                ClientStream<byte[], byte[]> full = conn.newStream(HOLD, OPTIONS)) {
            RecordedStream<byte[]> onTheLoop = new RecordedStream<>() {
                @Override
                public void onMessage(byte[] message) {
                    begun.complete(catchThrowable(() -> conn.newStream(ECHO, OPTIONS)));
                    received.complete(catchThrowable(idle::receive));
                    sent.complete(catchThrowable(() -> {
                        while (true) {
                            full.send(new byte[64 << 10]);
                        }
                    }));
                }
            };
            conn.startCall(SAY, OPTIONS, onTheLoop).trySend(MESSAGE);
            onTheLoop.awaitComplete();

            assertThat(begun.join()).isInstanceOf(IllegalStateException.class);
            assertThat(received.join())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("on an event loop would be to wait for itself");
            assertThat(sent.join()).isInstanceOf(IllegalStateException.class);
            idle.send(MESSAGE);
            assertThat(idle.receive()).isEqualTo(MESSAGE);
        }
    }

    @Test
    void aVirtualThreadSendsAndReceives() throws Exception {
        ExecutorService threads = virtualThreads();
        try (ClientStream<byte[], byte[]> stream = conn.newStream(ECHO, OPTIONS)) {
            CompletableFuture<Integer> received = CompletableFuture.supplyAsync(
                    () -> {
                        int messages = 0;
                        while (stream.receive() != null) {
                            messages++;
                        }
                        return messages;
                    },
                    threads);
            CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < 1000; i++) {
                                    stream.send(new byte[1000]);
                                }
                                stream.closeSend();
                            },
                            threads)
                    .get(30, TimeUnit.SECONDS);

            assertThat(received.get(30, TimeUnit.SECONDS)).isEqualTo(1000);
        } finally {
            threads.shutdown();
        }
    }

    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        int feature = Runtime.version().feature();
        assumeTrue(feature >= 21, "JDK " + feature + " has no virtual threads");
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    // ---- Metadata --------------------------------------------------------------------------------------------

    @Test
    void md1IllegalMetadataIsRefusedBeforeThereIsACall() {
        Metadata.Key<String> text = Metadata.Key.of("x-text");

        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.of("x text"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metadata.builder().put(Metadata.Key.of("grpc-timeout"), "1S"));
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.of("x-octets-bin"));
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.binary("x-text"));
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.builder().put(text, "a\r\nb"));
    }

    @Test
    void aReaderThatGivesUpEndsTheFlood() {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(FLOOD, new byte[1000], OPTIONS)) {
            int seen = 0;
            for (byte[] message : stream) {
                assertThat(message).hasSize(1000);
                if (++seen == 100) {
                    break;
                }
            }
        }
        Waiting.until("the server knows", () -> server.cancelled() == 1);
    }

    private static StatusException failureOf(ClientStream<?, ?> stream) {
        return catchThrowableOfType(StatusException.class, stream::receive);
    }
}
