package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.END_HEADERS;
import static io.peregrine.transport.http2.Frames.END_STREAM;
import static io.peregrine.transport.http2.Frames.HEADERS;
import static io.peregrine.transport.http2.Frames.HEADER_TABLE_SIZE;
import static io.peregrine.transport.http2.Frames.block;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.hex;
import static io.peregrine.transport.http2.Frames.indexedBlock;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static io.peregrine.transport.http2.StreamFailure.Kind.TOO_LARGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Exception;
import io.peregrine.allocation.AllocationProbe;
import io.peregrine.transport.header.HeaderSink;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Header blocks that break HPACK, or make it costly (RFC 7541). */
class HpackRulesTest {
    /** More than decoding any block of this class takes on the heap, and far less than what the blocks declare. */
    private static final long FEW_BYTES = 1 << 20;

    /** The newest entry of the dynamic table, as an indexed field. */
    private static final byte NEWEST = (byte) 0xbe;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    /** The dynamic table is empty, and may have 4 096 bytes. */
    static Stream<Arguments> compressionErrors() {
        return Stream.of(
                Arguments.of("index 0", "80"),
                Arguments.of("index behind the static table", "be"),
                Arguments.of("index 255", "ff8001"),
                Arguments.of("index of a name to be indexed", "7e0161"),
                Arguments.of("index of a name not to be indexed", "0f2f0161"),
                Arguments.of("index of a name never to be indexed", "1f2f0161"),
                Arguments.of("index over 2^31", "ff8080808008"),
                Arguments.of("index over 2^63", "ff" + "ff".repeat(9) + "7f"),
                Arguments.of("integer padded with zeros", "ff" + "80".repeat(30) + "00"),
                Arguments.of("integer without end", "ffffffff"),
                Arguments.of("integer of a prefix only", "ff"),
                Arguments.of("name of 2^31-1 octets", "007f80ffffff07"),
                Arguments.of("name of 2^31-1 octets in Huffman code", "00ff80ffffff07"),
                Arguments.of("name of 2^35 octets", "007fffffffff7f"),
                Arguments.of("value of 2^31-1 octets", "0001617f80ffffff07"),
                Arguments.of("value of 2^31-1 octets in Huffman code", "000161ff80ffffff07"),
                Arguments.of("Huffman code with the symbol EOS", "0084ffffffff0161"),
                Arguments.of("Huffman code padded with an octet", "00821fff0161"),
                Arguments.of("Huffman code padded with zeros", "0081180161"),
                Arguments.of("block cut behind a pattern", "00"),
                Arguments.of("block cut within a name", "000a61"),
                Arguments.of("block cut behind a name", "000161"),
                Arguments.of("block cut within a value", "00016105"),
                Arguments.of("table size over ours by one", "3fe21f"),
                Arguments.of("table size over 2^32", "3fe1ffffff1f"),
                Arguments.of("table size without end", "3f" + "ff".repeat(12)),
                Arguments.of("table size behind a field", "8820"),
                Arguments.of("three table sizes", "203fe11f2088"),
                Arguments.of("a reference to what a table size evicted", "400161016220be"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("compressionErrors")
    void endsTheConnectionOn(String violation, String blockHex) {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        peer.receive();

        byte[] headers = frame(HEADERS, END_HEADERS, 1, blockHex);
        long heapBytes = AllocationProbe.measure(() -> peer.send(headers));

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 COMPRESSION_ERROR");
        assertThat(first.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(second.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(heapBytes).as("heap bytes").isLessThan(FEW_BYTES);
        assertThat(peer.allocator().largestBytes()).as("the largest buffer").isLessThan((int) FEW_BYTES);
    }

    @Test
    void takesTheTwoTableSizesThatABlockMayBeginWith() {
        peer.ready();
        RecordedStream stream = peer.start();

        // 0 and then 4096, as an encoder announces a table that shrank and grew between two blocks.
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, join(hex("203fe11f88"), block("grpc-status", "0"))));

        assertThat(stream.events()).containsExactly("trailers-only :status=200, grpc-status=0");
    }

    @Test
    void failsTheCallOfABlockThatRefersToALargeEntryThousandsOfTimes() {
        peer.ready();
        RecordedStream stream = peer.start();
        RecordedStream next = peer.start();
        peer.receive();

        peer.send(frame(HEADERS, END_HEADERS, 1, largeEntryReferredTo(12_000)));

        assertThat(stream.failure().kind()).isEqualTo(TOO_LARGE);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
        peer.send(response(3, "unharmed"));
        assertThat(next.events()).contains("message unharmed");
    }

    /** The decoder by itself, since the leak detection of tests allocates for each octet that is read. */
    @Test
    void keepsNothingOfAListThatIsOverTheLimit() {
        HeaderSink sink = new HeaderSink();
        HeaderSink.Decoder decoder = new HeaderSink.Decoder(sink, 8192);
        ByteBuf block = Unpooled.wrappedBuffer(largeEntryReferredTo(12_000));

        long heapBytes =
                AllocationProbe.measure(() -> assertThatExceptionOfType(Http2Exception.HeaderListSizeException.class)
                        .isThrownBy(() -> decoder.decodeHeaders(1, block)));

        // The list would be of 48 MB.
        assertThat(heapBytes).as("heap bytes").isLessThan(FEW_BYTES);
        assertThat(block.isReadable()).as("octets left").isFalse();
        assertThat(sink.headers().size()).isLessThanOrEqualTo(3);
    }

    @Test
    void counts32OctetsForEachFieldHoweverSmall() {
        peer.ready();
        RecordedStream fits = peer.start();
        RecordedStream tooLarge = peer.start();
        byte[] first = join(block(":status", "200"), indexedBlock("a", ""));

        // 42 for :status and 33 for each of the others: with 245 references 8 160 of 8 192.
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, join(first, references(245))));
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, join(first, references(246))));

        assertThat(fits.events()).singleElement().asString().startsWith("trailers-only");
        assertThat(tooLarge.failure().kind()).isEqualTo(TOO_LARGE);
    }

    private static byte[] largeEntryReferredTo(int times) {
        return join(block(":status", "200"), indexedBlock("big", "x".repeat(4000)), references(times));
    }

    /** ST-11. */
    @ParameterizedTest
    @ValueSource(ints = {255, 256, 257})
    void takes256FieldsHoweverManyOctetsAreAllowed(int fields) {
        peer.with(TransportOptions.builder().maxHeaderListBytes(1 << 20).build())
                .ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                join(block(":status", "200"), indexedBlock("a", ""), references(fields - 2))));

        if (fields <= 256) {
            assertThat(stream.events()).singleElement().asString().startsWith("trailers-only");
        } else {
            assertThat(stream.failure().kind()).isEqualTo(TOO_LARGE);
            assertThat(stream.failure().message()).endsWith("are over the limit: more than 256 fields");
            assertThat(peer.receive()).containsExactly("RST_STREAM 1 CANCEL");
        }
    }

    /** ST-11, in trailers, and the connection goes on. */
    @Test
    void refusesAHeaderListOfTooManyFields() {
        peer.with(TransportOptions.builder().maxHeaderListBytes(1 << 20).build())
                .ready();
        RecordedStream stream = peer.start();
        RecordedStream next = peer.start();
        String[] fields = new String[2 * 257];
        Arrays.fill(fields, "");
        for (int i = 0; i < fields.length; i += 2) {
            fields[i] = "a";
        }

        peer.send(grpcHeaders(1), Frames.trailers(1, fields));

        assertThat(stream.failure().kind()).isEqualTo(TOO_LARGE);
        peer.send(response(3, "unharmed"));
        assertThat(next.events()).contains("message unharmed");
    }

    @Test
    void keepsItsTableInStepThroughABlockThatIsMalformed() {
        peer.ready();
        RecordedStream victim = peer.start();
        RecordedStream next = peer.start();

        peer.send(frame(
                HEADERS, END_HEADERS, 1, join(block(":status", "200", "Upper", "x"), indexedBlock("shared", "value"))));
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, join(block(":status", "200"), references(1))));

        assertThat(victim.failure().kind()).isEqualTo(MALFORMED);
        assertThat(next.events()).containsExactly("trailers-only :status=200, shared=value");
    }

    @Test
    void refusesAMalformedFieldAgainWhenItComesOutOfTheTable() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        RecordedStream third = peer.start();

        peer.send(frame(HEADERS, END_HEADERS, 1, join(block(":status", "200"), indexedBlock("evil", "x\r\ny"))));
        peer.send(frame(HEADERS, END_HEADERS, 3, join(block(":status", "200"), references(1))));
        peer.send(response(5, "unharmed"));

        assertThat(first.failure().kind()).isEqualTo(MALFORMED);
        assertThat(second.failure().kind()).isEqualTo(MALFORMED);
        assertThat(third.events()).contains("message unharmed");
    }

    @Test
    void followsAPeerThatTakesItsTableAwayAndGivesItBack() {
        peer.ready();
        peer.start();
        peer.sendSettings(HEADER_TABLE_SIZE, 0);
        peer.start();
        peer.start();
        peer.sendSettings(HEADER_TABLE_SIZE, 0xffff_ffffL);
        peer.start();
        peer.start();

        // The peer's decoder refuses a block that does not begin with the size update that it is owed.
        for (int streamId = 1; streamId <= 9; streamId += 2) {
            assertThat(peer.request(streamId).path()).hasToString("/helloworld.Greeter/SayHello");
        }
    }

    private static byte[] references(int count) {
        byte[] references = new byte[count];
        java.util.Arrays.fill(references, NEWEST);
        return references;
    }
}
