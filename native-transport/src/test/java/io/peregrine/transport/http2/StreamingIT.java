package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Settings;
import io.peregrine.allocation.Buffers;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams of messages over real sockets, sent and read by threads that are not the loop's. */
class StreamingIT {
    private static final long SOON_S = 30;

    private final CountDownLatch released = new CountDownLatch(1);
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private EventLoops loops;

    @BeforeEach
    void openLoops() {
        loops = EventLoops.create(1);
    }

    @AfterEach
    void closeLoops() throws Exception {
        loops.close();
        loops.closeFuture().toCompletableFuture().get(SOON_S, TimeUnit.SECONDS);
    }

    @Test
    void tenMegabytesGoThroughAPipeOf64KiBAndComeBackOneByOne() throws Exception {
        int messages = 1000;
        byte[] payload = ScriptedPeer.payload(10_000);
        try (EchoServer server = new EchoServer(null, new Http2Settings())) {
            ClientTransport transport = connect(server.address());
            Call call = new Call(TransportStream.NO_DEADLINE);
            assertThat(transport.start(call)).isEqualTo(StartResult.ACCEPTED);

            for (int i = 0; i < messages; i++) {
                call.send(transport, payload);
                assertThat(call.pipeOfCall().queuedBytes())
                        .isLessThan(MessagePipe.DEFAULT_LIMIT_BYTES + payload.length + 5);
            }
            call.pipeOfCall().end();
            transport.signal(call);

            for (int i = 0; i < messages; i++) {
                call.pipeOfCall().request(1);
                transport.signal(call);
                assertThat(call.received.poll(SOON_S, TimeUnit.SECONDS)).isEqualTo(payload);
            }
            assertThat(call.end.get(SOON_S, TimeUnit.SECONDS)).isNull();
            transport.shutdown("done");
            assertThat(released.await(SOON_S, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aDeadlineEndsACallWithUnreadMessagesAfterItsConnectionIsLost() throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> server = CompletableFuture.runAsync(() -> answerWithAMessageAndLeave(listening));
            ClientTransport transport = connect(listening.getLocalSocketAddress());
            long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(700);
            Call call = new Call(deadlineNs);
            assertThat(transport.start(call)).isEqualTo(StartResult.ACCEPTED);
            server.get(SOON_S, TimeUnit.SECONDS);

            StreamFailure failure = call.end.get(SOON_S, TimeUnit.SECONDS);

            assertThat(failure).isNotNull();
            assertThat(failure.kind()).isEqualTo(StreamFailure.Kind.DEADLINE_EXCEEDED);
            assertThat(System.nanoTime() - deadlineNs).isBetween(0L, TimeUnit.SECONDS.toNanos(SOON_S));
            assertThat(released.await(SOON_S, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static void answerWithAMessageAndLeave(ServerSocket listening) {
        try (Socket accepted = listening.accept()) {
            OutputStream out = accepted.getOutputStream();
            out.write(Frames.settings());
            // The request's HEADERS come behind preface, SETTINGS and WINDOW_UPDATE; an answer may not come earlier.
            byte[] seen = new byte[0];
            while (!endsWithHeaders(seen)) {
                seen = Frames.join(seen, accepted.getInputStream().readNBytes(1));
            }
            out.write(Frames.join(Frames.grpcHeaders(1), Frames.data(1, Frames.message("unread"))));
            out.flush();
        } catch (java.io.IOException failure) {
            throw new AssertionError(failure);
        }
    }

    /** Whether the last nine octets are the header of a HEADERS frame of stream 1. */
    private static boolean endsWithHeaders(byte[] seen) {
        int at = seen.length - 9;
        return at >= 24 && seen[at + 3] == Frames.HEADERS && seen[at + 4] == Frames.END_HEADERS && seen[at + 8] == 1;
    }

    private ClientTransport connect(SocketAddress address) throws Exception {
        ClientTransport transport = new Http2Connector(
                        loops, SocketTuning.defaults(), TransportOptions.defaults(), null)
                .connect(address, "greeter.test", new Listener());
        ready.get(SOON_S, TimeUnit.SECONDS);
        return transport;
    }

    private final class Listener implements TransportListener {
        @Override
        public void onReady() {
            ready.complete(null);
        }

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            ready.completeExceptionally(new AssertionError(reason, cause));
        }

        @Override
        public void onReleased() {
            released.countDown();
        }
    }

    /** A call whose sender waits for room, and whose reader takes messages from a queue. */
    private static final class Call extends TransportStream {
        final LinkedBlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
        final CompletableFuture<@Nullable StreamFailure> end = new CompletableFuture<>();
        private final Semaphore room = new Semaphore(0);

        Call(long deadlineNs) {
            super(new MessagePipe());
            prepare(ScriptedPeer.SAY_HELLO, Unpooled.EMPTY_BUFFER, deadlineNs, 1 << 20);
        }

        MessagePipe pipeOfCall() {
            return java.util.Objects.requireNonNull(pipe());
        }

        void send(ClientTransport transport, byte[] payload) throws InterruptedException {
            ByteBuf framed = Buffers.allocator().directBuffer(5 + payload.length);
            framed.writeByte(0).writeInt(payload.length).writeBytes(payload);
            while (!pipeOfCall().offer(framed)) {
                assertThat(room.tryAcquire(SOON_S, TimeUnit.SECONDS))
                        .as("room in the pipe")
                        .isTrue();
            }
            transport.signal(this);
        }

        @Override
        protected boolean onHeaders(ResponseHeaders headers) {
            return true;
        }

        @Override
        protected void onMessage(ByteBuf message, boolean compressed) {
            byte[] octets = new byte[message.readableBytes()];
            message.readBytes(octets);
            received.add(octets);
        }

        @Override
        protected void onForeignBody(ByteBuf data) {
            throw new AssertionError("a foreign body (expected: gRPC messages)");
        }

        @Override
        protected void onWritable() {
            room.release();
        }

        @Override
        protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
            end.complete(null);
        }

        @Override
        protected void onFailure(StreamFailure failure) {
            end.complete(failure);
        }
    }
}
