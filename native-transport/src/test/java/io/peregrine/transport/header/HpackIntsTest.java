package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HpackIntsTest {
    /** The examples of RFC 7541 C.1, and the edges around the prefix. */
    @ParameterizedTest
    @CsvSource({
        "5, 10, 0a",
        "5, 1337, 1f9a0a",
        "8, 42, 2a",
        "5, 0, 00",
        "5, 30, 1e",
        "5, 31, 1f00",
        "5, 158, 1f7f",
        "5, 159, 1f8001",
        "7, 126, 7e",
        "7, 127, 7f00",
        "7, 254, 7f7f",
        "7, 255, 7f8001",
        "4, 2147483647, 0ff0ffffff07"
    })
    void writesIntegers(int prefixBits, int value, String octets) {
        ByteBuf out = Unpooled.buffer();

        HpackInts.writeInt(out, 0, prefixBits, value);

        assertThat(ByteBufUtil.hexDump(out)).isEqualTo(octets);
    }

    @Test
    void keepsThePatternAboveThePrefix() {
        ByteBuf out = Unpooled.buffer();

        HpackInts.writeInt(out, 0x40, 6, 62);
        HpackInts.writeInt(out, 0x40, 6, 63);

        assertThat(ByteBufUtil.hexDump(out)).isEqualTo("7e7f00");
    }

    @Test
    void writesStringsAsPlainOctets() {
        ByteBuf out = Unpooled.buffer();

        HpackInts.writeString(out, new byte[] {'a', 'b'});
        HpackInts.writeString(out, AsciiString.of("xabc").subSequence(1, 4));
        HpackInts.writeString(out, new byte[0]);

        assertThat(ByteBufUtil.hexDump(out)).isEqualTo("026162" + "03616263" + "00");
    }
}
