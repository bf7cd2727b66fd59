package io.peregrine.client.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodecsTest {
    @Test
    void ms3OffersWhatIsInstalledAndLeavesIdentityImplied() {
        assertThat(Codecs.none().acceptEncoding()).isEmpty();
        assertThat(Codecs.defaults().acceptEncoding()).isEqualTo("gzip");
        assertThat(Codecs.defaults().with(new DeflateCodec()).acceptEncoding()).isEqualTo("gzip,deflate");
    }

    @Test
    void findsCodecsByTheirExactNames() {
        Codecs codecs = Codecs.defaults();

        assertThat(codecs.find("gzip")).isSameAs(Codecs.gzip());
        assertThat(codecs.find(new AsciiString("gzip"))).isSameAs(Codecs.gzip());
        assertThat(codecs.find("identity")).isSameAs(Codecs.identity());
        assertThat(codecs.find("GZIP")).isNull();
        assertThat(codecs.find("")).isNull();
        assertThat(Codecs.none().find("gzip")).isNull();
    }

    @Test
    void aCodecTakesThePlaceOfOneWithItsName() {
        Codec fast = Codecs.gzip(1);
        Codecs codecs = Codecs.defaults().with(new DeflateCodec()).with(fast);

        assertThat(codecs.find("gzip")).isSameAs(fast);
        assertThat(codecs.acceptEncoding()).isEqualTo("gzip,deflate");
        assertThat(codecs).hasToString("identity, gzip, deflate");
        assertThat(Codecs.defaults().find("gzip")).as("immutable").isSameAs(Codecs.gzip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "identity", "a,b", "Zstd", "z std", "é", "a\r\n"})
    void refusesNamesThatAHeaderFieldCannotHold(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Codecs.none().with(new Named(name)))
                .withMessage(
                        "codec name: \"" + name + "\" (expected: one or more of a-z 0-9 - _ . other than identity)");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 10})
    void refusesLevelsThatZlibDoesNotHave(int level) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Codecs.gzip(level))
                .withMessage("gzip level: " + level + " (expected: 0..9)");
    }

    @Test
    void identityCopiesUpToTheLimitAndOneByte() throws Exception {
        ByteBuf compressed = Unpooled.directBuffer();
        ByteBuf plain = Unpooled.directBuffer(1, 3);

        Codecs.identity().compress(Unpooled.wrappedBuffer(new byte[] {1, 2, 3, 4}), compressed);
        Codecs.identity().decompress(compressed, plain, 2);

        assertThat(plain.readableBytes()).isEqualTo(3);
        compressed.release();
        plain.release();
    }

    private record Named(String name) implements Codec {
        @Override
        public void compress(ByteBuf message, ByteBuf out) {
            throw new AssertionError();
        }

        @Override
        public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) {
            throw new AssertionError();
        }
    }
}
