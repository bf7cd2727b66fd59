package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.peregrine.testkit.Seeds;
import io.peregrine.transport.header.HeaderSink;
import io.peregrine.transport.header.ResponseHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Frames that are read in place mean what Netty's frame reader takes them for, and break no rule that it knows (RFC
 * 9113 §4, §6): the same octets, legal, illegal and mutated, are read in both ways.
 */
class PlainFrameProperties {
    private static final long MAX_HEADER_LIST_BYTES = 300;
    private static final int MAX_FRAMES = 12;
    private static final int RUNS = 3_000;

    private final EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    /** What a connection in its steady state receives, and what else {@link FrameRulesTest} knows. */
    private static List<byte[]> frames() {
        List<byte[]> frames = new ArrayList<>(List.of(
                Frames.data(1, Frames.message("x")),
                Frames.dataAndEnd(3, new byte[0]),
                Frames.paddedData(1, Frames.message("y"), 3),
                Frames.grpcHeaders(1),
                Frames.okTrailers(1),
                Frames.okTrailers(3),
                Frames.trailers(1, "grpc-status", "5", "grpc-message", "m".repeat(100)),
                Frames.headers(1, "a", "x".repeat(400)),
                Frames.headers(1, "a", "x".repeat(700)),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 1, Frames.indexedBlock("b", "c")),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 1, "be"),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 3, "88be"),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 3, "20"),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 3, "3f5f88"),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS, 3, ""),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS | Frames.PADDED, 1, "018800"),
                Frames.frame(Frames.HEADERS, Frames.END_HEADERS | Frames.HAS_PRIORITY, 1, "000000030088"),
                Frames.frame(Frames.HEADERS, Frames.NO_FLAGS, 1, Frames.block(":status", "200")),
                Frames.frame(Frames.CONTINUATION, Frames.END_HEADERS, 1, Frames.block("a", "b")),
                Frames.windowUpdate(0, 65_535),
                Frames.windowUpdate(3, 1),
                Frames.windowUpdate(3, 0),
                Frames.windowUpdate(0, 0x8000_0000),
                Frames.ping("0123456789abcdef"),
                Frames.frame(Frames.PING, Frames.ACK, 0, "0123456789abcdef"),
                Frames.rstStream(1, 0xffff_ffffL),
                Frames.settings(Frames.MAX_CONCURRENT_STREAMS, 7),
                Frames.settingsAck(),
                Frames.goAway(1),
                Frames.frame(0x42, 0xff, 77, "010203")));
        Stream.concat(FrameRulesTest.connectionErrors(), FrameRulesTest.streamErrors())
                .map(row -> (byte[]) row.get()[row.get().length - 1])
                .forEach(octets -> addWholeFrames(octets, frames));
        return frames;
    }

    /** What is too long does not come here: its header is enough to refuse it. */
    private static void addWholeFrames(byte[] octets, List<byte[]> frames) {
        ByteBuf in = Unpooled.wrappedBuffer(octets);
        while (in.isReadable() && in.getUnsignedMedium(in.readerIndex()) <= in.readableBytes() - 9) {
            frames.add(ByteBufUtil.getBytes(in.readSlice(9 + in.getUnsignedMedium(in.readerIndex()))));
        }
    }

    static Stream<Arguments> oneByOne() {
        return frames().stream().map(octets -> Arguments.of(ByteBufUtil.hexDump(octets)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("oneByOne")
    void readsEachAsTheReaderDoes(String octets) {
        assertSame(List.of(Frames.hex(octets)));
    }

    @Test
    void readsAnySequenceAsTheReaderDoes() {
        SplittableRandom random = Seeds.random("frames read in place mean what Netty's reader takes them for");
        List<byte[]> frames = frames();
        for (int run = 0; run < RUNS; run++) {
            List<byte[]> sequence = new ArrayList<>();
            for (int left = random.nextInt(1, MAX_FRAMES + 1); left > 0; left--) {
                byte[] frame = frames.get(random.nextInt(frames.size()));
                sequence.add(random.nextInt(3) == 0 ? mutated(frame, random) : frame);
            }
            assertSame(sequence);
        }
    }

    @Test
    void readsTheSteadyStateInPlace() {
        for (byte[] octets : List.of(
                Frames.grpcHeaders(1),
                Frames.data(1, Frames.message("x")),
                Frames.okTrailers(1),
                Frames.windowUpdate(0, 1),
                Frames.windowUpdate(1, 1),
                Frames.ping("0123456789abcdef"),
                Frames.frame(Frames.PING, Frames.ACK, 0, "0123456789abcdef"),
                Frames.rstStream(1, 8),
                Frames.settingsAck())) {
            try (InPlace inPlace = new InPlace()) {
                inPlace.read(octets);

                assertThat(inPlace.plainFrames).as(ByteBufUtil.hexDump(octets)).isEqualTo(1);
            }
        }
    }

    /** Changes octets, of the header mostly; the length stays the one of the payload, as the caller has seen to it. */
    private static byte[] mutated(byte[] frame, SplittableRandom random) {
        byte[] changed = frame.clone();
        for (int left = random.nextInt(1, 3); left > 0; left--) {
            int index = 3 + random.nextInt(random.nextBoolean() ? 6 : changed.length - 3);
            changed[index] =
                    (byte) (random.nextBoolean() ? random.nextInt(10) : changed[index] ^ (1 << random.nextInt(8)));
        }
        int length = changed.length - 9 + (random.nextInt(4) == 0 ? random.nextInt(-2, 3) : 0);
        byte[] resized = java.util.Arrays.copyOf(changed, 9 + Math.max(0, length));
        resized[0] = 0;
        resized[1] = (byte) ((resized.length - 9) >>> 8);
        resized[2] = (byte) (resized.length - 9);
        return resized;
    }

    private void assertSame(List<byte[]> sequence) {
        try (InPlace inPlace = new InPlace();
                ByReader byReader = new ByReader()) {
            for (byte[] octets : sequence) {
                inPlace.read(octets);
                byReader.read(octets);
                assertThat(inPlace.events)
                        .as(() -> sequence.stream()
                                .map(ByteBufUtil::hexDump)
                                .toList()
                                .toString())
                        .isEqualTo(byReader.events);
                if (inPlace.ended) {
                    return;
                }
            }
        }
    }

    /** A connection's way of reading, its events written down up to the first connection error. */
    private abstract class Reading implements AutoCloseable {
        final HeaderSink sink = new HeaderSink();
        final HeaderSink.Decoder decoder = new HeaderSink.Decoder(sink, MAX_HEADER_LIST_BYTES);
        final DefaultHttp2FrameReader reader = new DefaultHttp2FrameReader(decoder, Integer.MAX_VALUE);
        final List<String> events = new ArrayList<>();
        final Recorder recorder = new Recorder(events, sink);
        boolean ended;

        final void read(byte[] octets) {
            ByteBuf input = Unpooled.directBuffer().writeBytes(octets);
            try {
                readFrame(channel.pipeline().firstContext(), input);
            } catch (Http2Exception.StreamException error) {
                events.add("stream " + error.streamId() + ": " + error.error() + ' ' + error.getMessage());
            } catch (Http2Exception error) {
                events.add("connection: " + error.error() + ' ' + withoutBuffer(String.valueOf(error.getMessage())));
                ended = true;
            } finally {
                input.release();
            }
        }

        /** Netty's decoder shows the buffer, which is a slice if it comes from the reader. */
        private static String withoutBuffer(String message) {
            return message.replaceAll("\\S*ByteBuf\\(.*", "");
        }

        abstract void readFrame(ChannelHandlerContext ctx, ByteBuf input) throws Http2Exception;

        @Override
        public void close() {
            reader.close();
        }
    }

    private final class ByReader extends Reading {
        @Override
        void readFrame(ChannelHandlerContext ctx, ByteBuf input) throws Http2Exception {
            reader.readFrame(ctx, input, recorder);
        }
    }

    /** As {@link FrameInput} does it. */
    private final class InPlace extends Reading {
        private final HeaderBlockLimit headerBlock =
                new HeaderBlockLimit(channel.eventLoop(), FloodLimits.defaults(), 1 << 20, what -> {});
        private int plainFrames;

        @Override
        void readFrame(ChannelHandlerContext ctx, ByteBuf input) throws Http2Exception {
            int start = input.readerIndex();
            if (!headerBlock.isOpen() && FrameInput.tryReadPlain(ctx, input, decoder, recorder)) {
                plainFrames++;
                return;
            }
            assertThat(input.readerIndex()).isEqualTo(start);
            headerBlock.onFrame(input.getByte(3), input.getByte(4));
            reader.readFrame(ctx, input, recorder);
        }

        @Override
        public void close() {
            headerBlock.close();
            super.close();
        }
    }

    private static final class Recorder implements Http2FrameListener {
        private final List<String> events;
        private final HeaderSink sink;

        Recorder(List<String> events, HeaderSink sink) {
            this.events = events;
            this.sink = sink;
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean end) {
            events.add("DATA " + streamId + ' ' + ByteBufUtil.hexDump(data) + ' ' + padding + ' ' + end);
            return 0;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean end) {
            ResponseHeaders fields = sink.headers();
            StringBuilder text = new StringBuilder("HEADERS " + streamId + ' ' + padding + ' ' + end);
            for (int i = 0; i < fields.size(); i++) {
                text.append(' ').append(fields.name(i)).append('=').append(fields.value(i));
            }
            events.add(text.toString());
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx,
                int streamId,
                Http2Headers headers,
                int streamDependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end) {
            onHeadersRead(ctx, streamId, headers, padding, end);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
            events.add("RST_STREAM " + streamId + ' ' + errorCode);
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
            events.add("SETTINGS " + settings);
        }

        @Override
        public void onSettingsAckRead(ChannelHandlerContext ctx) {
            events.add("SETTINGS ACK");
        }

        @Override
        public void onPingRead(ChannelHandlerContext ctx, long data) {
            events.add("PING " + data);
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext ctx, long data) {
            events.add("PING ACK " + data);
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext ctx, int lastStreamId, long errorCode, ByteBuf debugData) {
            events.add("GOAWAY " + lastStreamId + ' ' + errorCode + ' ' + ByteBufUtil.hexDump(debugData));
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int increment) {
            events.add("WINDOW_UPDATE " + streamId + ' ' + increment);
        }

        @Override
        public void onPushPromiseRead(
                ChannelHandlerContext ctx, int streamId, int promisedStreamId, Http2Headers headers, int padding) {
            events.add("PUSH_PROMISE " + streamId + ' ' + promisedStreamId);
        }

        @Override
        public void onPriorityRead(
                ChannelHandlerContext ctx, int streamId, int streamDependency, short weight, boolean exclusive) {
            events.add("PRIORITY " + streamId);
        }

        @Override
        public void onUnknownFrame(
                ChannelHandlerContext ctx, byte frameType, int streamId, Http2Flags flags, ByteBuf payload) {
            events.add("unknown " + frameType + ' ' + streamId + ' ' + flags + ' ' + ByteBufUtil.hexDump(payload));
        }
    }
}
