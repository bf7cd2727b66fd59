package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Recognised or not, a block means what Netty's decoder, which decodes each one, takes it for. */
class KeptBlocksProperties {
    private static final long MAX_LIST_BYTES = 200;
    private static final int CONNECTIONS = 4_000;
    private static final int BLOCKS = 60;

    /** Blocks that leave the table, change it, use it, are too large or malformed, and one that is cut. */
    private static final String[] BLOCKS_IN_HEX = {
        "88",
        "8861",
        "88be",
        "be",
        "bebf",
        "c0",
        "885f106170706c69636174696f6e2f67727063",
        "880f10106170706c69636174696f6e2f67727063",
        "4001610162",
        "4001610163",
        "0001610162",
        "1001610162",
        "0f2f0162",
        "7e0162",
        "0f3f0162",
        "20",
        "3fe11f",
        "203fe11f88",
        "3f2188",
        "8820",
        "80",
        "ff8001",
        "ffffffffff0f",
        "00016181",
        "0001418162",
        "0085",
        "",
    };

    private int recognised;

    @Test
    void recognisesABlockOnlyWhileItMeansTheSame() {
        SplittableRandom random = Seeds.random("a recognised header block means what decoding it would");
        for (int connection = 0; connection < CONNECTIONS; connection++) {
            playConnection(random);
        }
        assertThat(recognised).isGreaterThan(CONNECTIONS);
    }

    private void playConnection(SplittableRandom random) {
        HeaderSink sink = new HeaderSink();
        HeaderSink.Decoder keeping = new HeaderSink.Decoder(sink, MAX_LIST_BYTES);
        DefaultHttp2HeadersDecoder nettys = new DefaultHttp2HeadersDecoder(false, MAX_LIST_BYTES);
        List<String> played = new ArrayList<>();
        int vocabulary = 1 + random.nextInt(BLOCKS_IN_HEX.length);
        int offset = random.nextInt(BLOCKS_IN_HEX.length);
        for (int left = BLOCKS; left > 0; left--) {
            byte[] octets = ByteBufUtil.decodeHexDump(
                    BLOCKS_IN_HEX[(offset + random.nextInt(vocabulary)) % BLOCKS_IN_HEX.length]);
            played.add(ByteBufUtil.hexDump(octets));
            ByteBuf inFrame = Unpooled.buffer().writeZero(random.nextInt(12)).writeBytes(octets);
            inFrame.readerIndex(inFrame.writerIndex() - octets.length);
            Outcome ours = Outcome.of(() -> keeping.decodeHeaders(1, inFrame));
            Outcome theirs = Outcome.of(() -> nettys.decodeHeaders(1, Unpooled.wrappedBuffer(octets)));
            if (ours.fatal || theirs.fatal) {
                assertThat(ours.fatal).as("%s: %s, %s", played, ours, theirs).isEqualTo(theirs.fatal);
                return;
            }
            if (ours.refusal == null && theirs.headers != null) {
                assertThat(inFrame.isReadable()).isFalse();
                assertThat(linesOf(sink.headers())).as("%s", played).isEqualTo(linesOf(theirs.headers));
                recognised += sink.headers() == sink.headers().lasting() ? 1 : 0;
            }
        }
    }

    private static List<String> linesOf(ResponseHeaders fields) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            lines.add(fields.name(i) + "=" + fields.value(i));
        }
        return lines;
    }

    private static List<String> linesOf(Http2Headers fields) {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            lines.add(field.getKey() + "=" + field.getValue());
        }
        return lines;
    }

    private interface Decoding {
        Http2Headers decode() throws Http2Exception;
    }

    private record Outcome(
            @Nullable Http2Headers headers, @Nullable Http2Exception refusal, boolean fatal) {
        static Outcome of(Decoding decoding) {
            try {
                return new Outcome(decoding.decode(), null, false);
            } catch (Http2Exception.StreamException refusal) {
                return new Outcome(null, refusal, false);
            } catch (Http2Exception refusal) {
                return new Outcome(null, refusal, true);
            }
        }
    }
}
