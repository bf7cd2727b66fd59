package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Header blocks are hexadecimal (RFC 7541 §6); 88 is {@code :status: 200}. */
class KeptBlocksTest {
    private static final String LITERAL_A_B = "0001610162";
    private static final String INDEX_A_B = "4001610162";
    private static final String FIRST_DYNAMIC = "be";

    private final HeaderSink sink = new HeaderSink();
    private final HeaderSink.Decoder decoder = new HeaderSink.Decoder(sink, 8192);

    private ResponseHeaders decode(String block) throws Http2Exception {
        decoder.decodeHeaders(1, Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(block)));
        return sink.headers();
    }

    private static String literal(String name, String value) {
        return "00" + string(name) + string(value);
    }

    private static String string(String text) {
        byte[] octets = text.getBytes(StandardCharsets.US_ASCII);
        String length = octets.length < 0x7F
                ? String.format("%02x", octets.length)
                : String.format("7f%02x%02x", ((octets.length - 0x7F) & 0x7F) | 0x80, (octets.length - 0x7F) >> 7);
        return length + ByteBufUtil.hexDump(octets);
    }

    @Test
    void isTheSameObjectFromTheSecondTimeOn() throws Http2Exception {
        ResponseHeaders first = decode(LITERAL_A_B);
        ResponseHeaders second = decode(LITERAL_A_B);
        ResponseHeaders third = decode(LITERAL_A_B);

        assertThat(second).isNotSameAs(first);
        assertThat(third).isSameAs(second).hasToString("[a]");
        assertThat(third.value(0).toString()).isEqualTo("b");
    }

    @Test
    void carriesWhatWasLeftWithIt() throws Http2Exception {
        decode("88").interpretation("lost");
        assertThat(decode("88").interpretation()).isNull();

        decode("88").interpretation("kept");

        assertThat(decode("88").interpretation()).isEqualTo("kept");
    }

    @Test
    void isForgottenWhenTheTableChanges() throws Http2Exception {
        decode(INDEX_A_B);
        decode(FIRST_DYNAMIC);
        assertThat(decode(FIRST_DYNAMIC)).isSameAs(decode(FIRST_DYNAMIC));

        decode("4001630164");

        assertThat(String.valueOf(decode(FIRST_DYNAMIC).find(AsciiString.of("c"))))
                .isEqualTo("d");
    }

    @Test
    void isForgottenWhenTheTableIsEmptied() throws Http2Exception {
        decode(INDEX_A_B);
        decode(FIRST_DYNAMIC);
        decode(FIRST_DYNAMIC);
        decode(FIRST_DYNAMIC);

        decode("20");

        assertThatThrownBy(() -> decode(FIRST_DYNAMIC)).isInstanceOf(Http2Exception.class);
    }

    @Test
    void isForgottenByABlockThatChangesTheTableAndIsRefused() throws Http2Exception {
        decode(INDEX_A_B);
        decode(FIRST_DYNAMIC);
        decode(FIRST_DYNAMIC);

        assertThatThrownBy(() -> decode("4001410162")).isInstanceOf(Http2Exception.StreamException.class);

        assertThatThrownBy(() -> decode(FIRST_DYNAMIC)).isInstanceOf(Http2Exception.StreamException.class);
    }

    @Test
    void isNotKeptIfItIsRefused() {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> decode("0001410162")).isInstanceOf(Http2Exception.StreamException.class);
        }
    }

    @Test
    void isNotKeptIfItIsLong() throws Http2Exception {
        String longest = literal("a", "x".repeat(KeptBlocks.MAX_BLOCK_BYTES - 6));
        String longer = literal("a", "x".repeat(KeptBlocks.MAX_BLOCK_BYTES - 5));
        assertThat(longest).hasSize(2 * KeptBlocks.MAX_BLOCK_BYTES);
        decode(longest);
        decode(longer);

        assertThat(decode(longest)).isSameAs(decode(longest));
        assertThat(decode(longer)).isSameAs(sink.headers());
        assertThat(decode(longer)).isNotSameAs(decode(longer).lasting());
    }

    @Test
    void tellsBlocksApartByEachOctet() throws Http2Exception {
        String value = "0123456789abcdefghijk";
        decode(literal("a", value));
        ResponseHeaders kept = decode(literal("a", value));
        for (int i = 0; i < value.length(); i++) {
            String other = value.substring(0, i) + '#' + value.substring(i + 1);

            assertThat(decode(literal("a", other)).value(0).toString()).isEqualTo(other);
        }
        assertThat(decode(literal("a", value))).isSameAs(kept);
    }

    @Test
    void keepsItsPlaceBesideBlocksThatComeOnce() throws Http2Exception {
        decode("88");
        ResponseHeaders kept = decode("88");
        for (int i = 0; i < 100; i++) {
            decode(literal("id", String.valueOf(i)));
        }

        assertThat(decode("88")).isSameAs(kept);
    }

    @Test
    void givesWayToTheEighthThatFollows() throws Http2Exception {
        decode("88");
        ResponseHeaders kept = decode("88");
        for (int i = 0; i < KeptBlocks.MAX_BLOCKS; i++) {
            assertThat(decode("88")).isSameAs(kept);
            decode(literal("n", String.valueOf(i)));
            decode(literal("n", String.valueOf(i)));
        }

        assertThat(decode("88")).isNotSameAs(kept);
    }
}
