package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Against Netty's decoder, which follows the dynamic table as a server does. */
class HeaderBlockEncoderTest {
    private static final long NO_TIMEOUT = Long.MAX_VALUE;

    private final HeaderBlockEncoder encoder = new HeaderBlockEncoder();
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(true, 1 << 20);

    @Test
    void sendsTheFieldsOfARequestInTheirOrder() throws Exception {
        assertThat(roundTrip(method(0), NO_TIMEOUT, null))
                .containsExactly(
                        ":method=POST",
                        ":scheme=http",
                        ":path=/svc.Greeter/Method0",
                        ":authority=greeter.test",
                        "content-type=application/grpc",
                        "user-agent=peregrine-test/1",
                        "te=trailers");
    }

    @Test
    void costsAByteForEachFieldFromTheSecondRequestOn() {
        RequestHeaders headers = method(0);
        encode(headers, NO_TIMEOUT, null);

        assertThat(encode(headers, NO_TIMEOUT, null).readableBytes()).isEqualTo(7);
    }

    @Test
    void md6SendsEncodingsBehindTheFixedFieldsAndBeforeTheTimeout() throws Exception {
        RequestHeaders headers = method(0).withEncodings("gzip", "gzip,deflate");
        FieldList fields = new FieldList(List.of(Map.entry("x-key", "1")));

        assertThat(roundTrip(headers, 50, fields))
                .endsWith(
                        "te=trailers",
                        "grpc-encoding=gzip",
                        "grpc-accept-encoding=gzip,deflate",
                        "grpc-timeout=50n",
                        "x-key=1");
        assertThat(encode(headers, NO_TIMEOUT, null).readableBytes())
                .as("a byte for each field")
                .isEqualTo(9);
    }

    @Test
    void anAuthorityThatACallChoseForItselfStaysOutOfThePeersTable() throws Exception {
        for (int i = 0; i < 1000; i++) {
            String authority = "tenant-" + i + ".test";

            assertThat(roundTrip(method(0).withAuthority(authority), NO_TIMEOUT, null))
                    .hasSize(7)
                    .contains(":authority=" + authority, ":path=/svc.Greeter/Method0");
        }
        roundTrip(method(1), NO_TIMEOUT, null);
        assertThat(encode(method(1), NO_TIMEOUT, null).readableBytes())
                .as("the table still has room")
                .isEqualTo(7);
    }

    @Test
    void refusesEncodingsAndAuthoritiesThatAFieldCannotHold() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> method(0).withAuthority("a b"))
                .withMessage("authority: \"a b\" (expected: one or more visible ASCII characters)");
        assertThatIllegalArgumentException().isThrownBy(() -> method(0).withEncodings("", null));
        assertThatIllegalArgumentException().isThrownBy(() -> method(0).withEncodings(null, "a\r\n"));
    }

    @Test
    void keepsTablesInStepOverManyMethodsAndTimeouts() throws Exception {
        List<RequestHeaders> methods = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            methods.add(method(i));
        }

        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < methods.size(); i++) {
                long timeoutNs = i % 3 == 0 ? NO_TIMEOUT : 1000L + i;
                List<String> fields = roundTrip(methods.get(i), timeoutNs, null);

                assertThat(fields).contains(":path=/svc.Greeter/Method" + i);
                assertThat(fields.contains("grpc-timeout=" + timeoutNs + "n")).isEqualTo(i % 3 != 0);
            }
        }
        assertThat(decoder.maxHeaderTableSize()).isEqualTo(4096);
    }

    @Test
    void sendsTimeoutsUnderOneIndexedName() throws Exception {
        RequestHeaders headers = method(0);
        assertThat(roundTrip(headers, 50, null)).endsWith("grpc-timeout=50n");

        assertThat(roundTrip(headers, 51, null)).endsWith("grpc-timeout=51n");
        ByteBuf third = encode(headers, 52, null);

        assertThat(third.readableBytes()).isEqualTo(7 + 2 + 4);
    }

    @Test
    void sendsFieldsOfTheCallerAsTheyAre() throws Exception {
        HeaderFields fields =
                new FieldList(List.of(Map.entry("x-key", "1"), Map.entry("x-key", "2"), Map.entry("b", "")));

        assertThat(roundTrip(method(0), NO_TIMEOUT, fields)).endsWith("x-key=1", "x-key=2", "b=");
        assertThat(roundTrip(method(0), NO_TIMEOUT, fields)).endsWith("x-key=1", "x-key=2", "b=");
    }

    @Test
    void neverIndexesSecrets() {
        ByteBuf block = encode(
                method(0),
                NO_TIMEOUT,
                new FieldList(
                        List.of(Map.entry("authorization", "secret"), Map.entry("cookie", "c"), Map.entry("x", "y"))));

        assertThat(ByteBufUtil.hexDump(block))
                .contains("100d" + hex("authorization") + "06" + hex("secret"))
                .contains("1006" + hex("cookie") + "01" + hex("c"))
                .endsWith("0001" + hex("x") + "01" + hex("y"));
    }

    @Test
    void goesOnWithoutATableWhenThePeerSetsItToZero() throws Exception {
        roundTrip(method(0), 50, null);
        tableSize(0);

        ByteBuf first = encode(method(0), 51, null);
        assertThat(first.getUnsignedByte(0)).isEqualTo((short) 0x20);
        assertThat(decode(first)).contains(":path=/svc.Greeter/Method0").endsWith("grpc-timeout=51n");
        assertThat(roundTrip(method(0), 52, null)).endsWith("grpc-timeout=52n");
        assertThat(decoder.maxHeaderTableSize()).isZero();
    }

    @Test
    void usesATableThatGrowsAgain() throws Exception {
        RequestHeaders headers = method(0);
        tableSize(0);
        roundTrip(headers, NO_TIMEOUT, null);
        tableSize(4096);

        assertThat(roundTrip(headers, NO_TIMEOUT, null)).hasSize(7);
        assertThat(roundTrip(headers, NO_TIMEOUT, null)).hasSize(7);

        assertThat(encode(headers, NO_TIMEOUT, null).readableBytes()).isEqualTo(7);
    }

    @Test
    void announcesOnlyTheLastOfSeveralSizes() throws Exception {
        roundTrip(method(0), NO_TIMEOUT, null);
        tableSize(0);
        tableSize(100);
        tableSize(300);

        assertThat(roundTrip(method(0), NO_TIMEOUT, null)).hasSize(7);
        assertThat(decoder.maxHeaderTableSize()).isEqualTo(300);
    }

    @Test
    void neverGrowsTheTableOverItsOwnLimit() throws Exception {
        roundTrip(method(0), NO_TIMEOUT, null);
        encoder.peerTableSize(0xffff_ffffL);

        ByteBuf block = encode(method(0), NO_TIMEOUT, null);

        assertThat(block.readableBytes()).isEqualTo(7);
    }

    /** The peer's SETTINGS reached both ends. */
    private void tableSize(int bytes) throws Exception {
        decoder.maxHeaderTableSize(bytes);
        encoder.peerTableSize(bytes);
    }

    private ByteBuf encode(RequestHeaders headers, long timeoutNs, @Nullable HeaderFields fields) {
        ByteBuf out = Unpooled.buffer();
        encoder.encode(headers, timeoutNs, fields, out);
        return out;
    }

    private List<String> roundTrip(RequestHeaders headers, long timeoutNs, @Nullable HeaderFields fields)
            throws Exception {
        return decode(encode(headers, timeoutNs, fields));
    }

    private List<String> decode(ByteBuf block) throws Exception {
        Http2Headers decoded = decoder.decodeHeaders(1, block);
        List<String> lines = new ArrayList<>();
        decoded.forEach(field -> lines.add(field.getKey() + "=" + field.getValue()));
        return lines;
    }

    static RequestHeaders method(int number) {
        return RequestHeaders.grpc(false, "greeter.test", "/svc.Greeter/Method" + number, "peregrine-test/1");
    }

    private static String hex(String ascii) {
        return ByteBufUtil.hexDump(ascii.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    /** Fields as a list of entries. */
    record FieldList(List<Map.Entry<String, String>> entries) implements HeaderFields {
        @Override
        public int size() {
            return entries.size();
        }

        @Override
        public AsciiString wireName(int index) {
            return AsciiString.of(entries.get(index).getKey());
        }

        @Override
        public AsciiString wireValue(int index) {
            return AsciiString.of(entries.get(index).getValue());
        }
    }
}
