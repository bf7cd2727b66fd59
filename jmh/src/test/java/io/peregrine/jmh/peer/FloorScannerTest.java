package io.peregrine.jmh.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class FloorScannerTest {
    private final ByteBuf replies = Unpooled.buffer();
    private final FloorScanner scanner = new FloorScanner(replies);

    @Test
    void countsResponsesByTheirEnds() {
        ByteBuf in = Unpooled.buffer();
        for (int streamId = 1; streamId <= 5; streamId += 2) {
            response(in, streamId);
        }

        assertThat(scanner.scan(in)).isEqualTo(3);
    }

    @Test
    void countsTheSameHoweverTheBytesArrive() {
        ByteBuf in = Unpooled.buffer();
        response(in, 1);
        response(in, 3);
        int ended = 0;

        while (in.isReadable()) {
            ended += scanner.scan(in.readSlice(1));
        }

        assertThat(ended).isEqualTo(2);
    }

    @Test
    void acknowledgesSettingsButNoAcknowledgement() {
        ByteBuf in = Unpooled.buffer();
        FloorFrames.settingsAck(in);
        scanner.scan(in);
        assertThat(replies.isReadable()).isFalse();

        frame(in, 0, FloorFrames.TYPE_SETTINGS, 0, 0);
        scanner.scan(in);

        ByteBuf expected = Unpooled.buffer();
        FloorFrames.settingsAck(expected);
        assertThat(replies).isEqualTo(expected);
    }

    @Test
    void givesCreditBackBeforeTheServerRunsOut() {
        int left = FloorFrames.CREDIT_BYTES;
        ByteBuf payload = Unpooled.wrappedBuffer(new byte[1 << 20]);
        while (left > 0) {
            assertThat(replies.isReadable()).isFalse();
            ByteBuf in = Unpooled.buffer();
            frame(in, payload.capacity(), FloorFrames.TYPE_DATA, 0, 1);
            scanner.scan(in);
            scanner.scan(payload.duplicate());
            left -= payload.capacity();
        }

        ByteBuf expected = Unpooled.buffer();
        FloorFrames.credit(expected, FloorFrames.CREDIT_BYTES);
        assertThat(replies).isEqualTo(expected);
    }

    private static void response(ByteBuf out, int streamId) {
        frame(out, 2, FloorFrames.TYPE_HEADERS, 4, streamId);
        out.writeZero(2);
        frame(out, 105, FloorFrames.TYPE_DATA, 0, streamId);
        out.writeZero(105);
        frame(out, 1, FloorFrames.TYPE_HEADERS, 4 | FloorFrames.FLAG_END_STREAM, streamId);
        out.writeZero(1);
    }

    private static void frame(ByteBuf out, int bytes, int type, int flags, int streamId) {
        out.writeMedium(bytes).writeByte(type).writeByte(flags).writeInt(streamId);
    }
}
