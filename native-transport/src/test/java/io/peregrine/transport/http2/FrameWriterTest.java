package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrameWriterTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final FrameWriter writer = new FrameWriter(channel);

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void writesNothingUntilItIsFlushed() {
        writer.pingAck(1);
        writer.settingsAck();
        assertThat(channel.outboundMessages()).isEmpty();

        writer.flush();

        assertThat(take()).containsExactly("000008060100000000" + "0000000000000001" + "000000040100000000");
        writer.flush();
        assertThat(take()).isEmpty();
    }

    @Test
    void writesControlFrames() {
        writer.windowUpdate(5, 0x7fff_ffff);
        writer.rstStream(7, Http2Error.CANCEL);
        writer.goAway(Http2Error.PROTOCOL_ERROR, "no");
        writer.settings(4, 0x7fff_ffffL, 6, 8192);
        writer.flush();

        assertThat(take())
                .containsExactly("000004080000000005" + "7fffffff"
                        + "000004030000000007" + "00000008"
                        + "00000a070000000000" + "00000000" + "00000001" + "6e6f"
                        + "00000c040000000000" + "00047fffffff" + "000600002000");
    }

    @Test
    void copiesSmallPayloadsIntoOneBuffer() {
        ByteBuf request = Unpooled.wrappedBuffer(ScriptedPeer.payload(4096));
        writer.pingAck(1);
        writer.data(1, request, 0, 4096, true);
        writer.pingAck(2);
        writer.flush();

        assertThat(channel.outboundMessages()).hasSize(1);
        assertThat(request.refCnt()).isEqualTo(1);
        assertThat(take().get(0)).contains("001000000100000001000102");
        request.release();
    }

    @Test
    void sendsLargePayloadsByReference() {
        ByteBuf request = Unpooled.wrappedBuffer(ScriptedPeer.payload(10_000));
        writer.data(1, request, 100, 4097, false);
        writer.pingAck(2);
        writer.flush();

        assertThat(request.refCnt()).isEqualTo(2);
        List<String> written = take();
        assertThat(written).hasSize(3);
        assertThat(written.get(0)).isEqualTo("001001000000000001");
        assertThat(written.get(1)).isEqualTo(ByteBufUtil.hexDump(ScriptedPeer.payload(10_000), 100, 4097));
        assertThat(request.refCnt()).isEqualTo(1);
        request.release();
    }

    @Test
    void handsOnABufferThatGrowsLarge() {
        for (int i = 0; i < 10_000; i++) {
            writer.pingAck(i);
        }
        writer.flush();

        assertThat(channel.outboundMessages()).hasSizeBetween(2, 4);
    }

    @Test
    void dropsWhatWasNotFlushed() {
        writer.pingAck(1);

        writer.discard();
        writer.flush();

        assertThat(take()).isEmpty();
    }

    private List<String> take() {
        List<String> written = new ArrayList<>();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            written.add(ByteBufUtil.hexDump(part));
            part.release();
        }
        return written;
    }
}
