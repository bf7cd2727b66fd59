package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.message;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.allocation.AllocationProbe;
import io.peregrine.transport.header.ResponseHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The way from the wire to the stream takes no heap: neither frames, nor header blocks, nor messages. */
class InboundAllocationTest {
    private static final int RESPONSES = 10_000;
    private static final int RESPONSES_IN_A_READ = 20;
    private static final int ROUNDS = 5;
    private static final int MESSAGE_BYTES = 100;

    /** RFC 7541 §6.1: :status 200 and an entry of the dynamic table, as real servers send them. */
    private static final String HEADERS_BLOCK = "88be";

    private static final String TRAILERS_BLOCK = "bf";

    /** Without the leak detector, which writes down who touches a buffer. */
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ByteBuf request = allocator.directBuffer().writeZero(5);
    private Http2ClientConnection connection;
    private int messages;
    private int ends;

    @BeforeEach
    void connect() {
        channel.config().setAllocator(allocator);
        // Windows that are fixed, and so large that nothing is credited: what is written is not the subject.
        TransportOptions options =
                TransportOptions.builder().windows(1 << 30, 1 << 30).build();
        connection = new Http2ClientConnection(
                channel,
                channel.eventLoop(),
                new PeerLabel(ScriptedPeer.ADDRESS, "greeter.test"),
                options,
                new SilentListener());
        channel.pipeline().addLast(connection);
        channel.pipeline().fireChannelActive();
        receive(Frames.join(Frames.settings(), Frames.windowUpdate(0, 1 << 30)));
        receive(frame(Frames.HEADERS, Frames.END_HEADERS, start(), Frames.indexedBlock("grpc-status", "0")));
        receive(frame(
                Frames.HEADERS, Frames.END_HEADERS, start(), Frames.indexedBlock("content-type", "application/grpc")));
    }

    @AfterEach
    void close() {
        ChannelFuture unused = channel.close();
        channel.finishAndReleaseAll();
        request.release();
    }

    @Test
    void tenThousandResponsesTakeNoHeap() {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            ByteBuf[] reads = new ByteBuf[RESPONSES / RESPONSES_IN_A_READ];
            for (int i = 0; i < reads.length; i++) {
                // Freeing memory is the allocator's, and not the subject.
                reads[i] = responses().retain();
            }
            // The requests leave, so that no response comes before its request.
            channel.runPendingTasks();
            channel.releaseOutbound();

            least = Math.min(least, AllocationProbe.measure(() -> receiveAll(reads)));

            for (ByteBuf read : reads) {
                assertThat(read.refCnt()).isEqualTo(1);
                read.release();
            }
        }

        assertThat(messages).isEqualTo(ROUNDS * RESPONSES);
        assertThat(ends).isEqualTo(ROUNDS * RESPONSES);
        assertThat(least).isZero();
    }

    private ByteBuf responses() {
        ByteBuf read = allocator.directBuffer();
        for (int i = 0; i < RESPONSES_IN_A_READ; i++) {
            int id = start();
            read.writeBytes(frame(Frames.HEADERS, Frames.END_HEADERS, id, HEADERS_BLOCK));
            read.writeBytes(data(id, message(new byte[MESSAGE_BYTES])));
            read.writeBytes(frame(Frames.HEADERS, Frames.END_HEADERS | Frames.END_STREAM, id, TRAILERS_BLOCK));
        }
        return read;
    }

    private void receiveAll(ByteBuf[] reads) {
        for (ByteBuf read : reads) {
            channel.pipeline().fireChannelRead(read).fireChannelReadComplete();
        }
    }

    private void receive(byte[] octets) {
        receiveAll(new ByteBuf[] {allocator.directBuffer().writeBytes(octets)});
    }

    private int start() {
        CountedStream stream = new CountedStream(request);
        assertThat(connection.start(stream)).isEqualTo(ClientTransport.StartResult.ACCEPTED);
        return stream.id;
    }

    private final class CountedStream extends TransportStream {
        CountedStream(ByteBuf request) {
            super(null);
            prepare(ScriptedPeer.SAY_HELLO, request, NO_DEADLINE, ScriptedPeer.MAX_MESSAGE_BYTES);
        }

        @Override
        protected boolean onHeaders(ResponseHeaders headers) {
            return headers.size() == 2;
        }

        @Override
        protected void onMessage(ByteBuf message, boolean compressed) {
            messages += message.readableBytes() == MESSAGE_BYTES ? 1 : 0;
        }

        @Override
        protected void onForeignBody(ByteBuf data) {
            throw new AssertionError("a body that is not gRPC");
        }

        @Override
        protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
            ends += trailers.size() == 1 ? 1 : 0;
        }

        @Override
        protected void onFailure(StreamFailure failure) {
            // The two whose headers filled the table end with the connection.
        }
    }

    private static final class SilentListener implements TransportListener {
        @Override
        public void onReady() {}

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {}

        @Override
        public void onReleased() {}
    }
}
