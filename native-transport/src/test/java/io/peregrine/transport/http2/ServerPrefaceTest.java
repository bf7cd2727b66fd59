package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.ServerPreface.Verdict.FOREIGN;
import static io.peregrine.transport.http2.ServerPreface.Verdict.HTTP2;
import static io.peregrine.transport.http2.ServerPreface.Verdict.INCOMPLETE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class ServerPrefaceTest {
    @Test
    void takesSettingsAndConsumesNothing() {
        ByteBuf settings = Unpooled.wrappedBuffer(Frames.settings(4, 100));

        assertThat(ServerPreface.judge(settings)).isEqualTo(HTTP2);
        assertThat(settings.readerIndex()).isZero();
    }

    @Test
    void waitsForAWholeFrameHeader() {
        for (int length = 0; length < 9; length++) {
            assertThat(ServerPreface.judge(Unpooled.wrappedBuffer(Frames.settings(), 0, length)))
                    .isEqualTo(INCOMPLETE);
        }
    }

    @Test
    void ignoresTheReservedBitAndUnknownFlags() {
        assertThat(judge(Frames.frame(Frames.SETTINGS, 0xfe, 0x8000_0000, new byte[0])))
                .isEqualTo(HTTP2);
    }

    @Test
    void refusesAllElse() {
        assertThat(judge(Frames.settingsAck())).isEqualTo(FOREIGN);
        assertThat(judge(Frames.ping("0000000000000000"))).isEqualTo(FOREIGN);
        assertThat(judge(Frames.frame(Frames.SETTINGS, 0, 1, new byte[0]))).isEqualTo(FOREIGN);
        assertThat(judge("HTTP/1.1 200 OK".getBytes(ISO_8859_1))).isEqualTo(FOREIGN);
    }

    @Test
    void showsTheFirstBytesWithoutControlCharacters() {
        ByteBuf octets = Unpooled.copiedBuffer("HTTP/1.1 400 Bad Request\r\nmore", ISO_8859_1);

        assertThat(ServerPreface.show(octets)).isEqualTo("HTTP/1.1 400 Bad Request");
        assertThat(ServerPreface.show(Unpooled.wrappedBuffer(new byte[] {0x15, 3, '\n', (byte) 0xff, 'a'})))
                .isEqualTo("\\x15\\x03\\x0a\\xffa");
    }

    private static ServerPreface.Verdict judge(byte[] octets) {
        return ServerPreface.judge(Unpooled.wrappedBuffer(octets));
    }
}
