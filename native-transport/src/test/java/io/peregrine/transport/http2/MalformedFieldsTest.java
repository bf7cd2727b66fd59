package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.headers;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.trailers;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fields that make a response malformed, of which nothing may reach the application (RFC 9113 §8.2, §8.3); the usual
 * ones, one for each rule, are in {@link FrameRulesTest}.
 */
class MalformedFieldsTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void refusesEveryOctetThatANameMayNotHave() {
        peer.ready();
        for (int octet = 0; octet <= 0xff; octet++) {
            boolean legal = octet > 0x20 && octet < 0x7f && octet != ':' && !Character.isUpperCase(octet);

            RecordedStream stream = answer(":status", "200", "n" + (char) octet, "x");

            assertThat(isMalformed(stream)).as("octet 0x%02x in a name", octet).isEqualTo(!legal);
        }
    }

    @Test
    void refusesEveryOctetThatAValueMayNotHave() {
        peer.ready();
        for (int octet = 0; octet <= 0xff; octet++) {
            boolean legal = (octet >= 0x20 && octet != 0x7f) || octet == '\t';

            RecordedStream stream = answer(":status", "200", "name", "a" + (char) octet + "b");

            assertThat(isMalformed(stream)).as("octet 0x%02x in a value", octet).isEqualTo(!legal);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "connection, close",
        "keep-alive, timeout=5",
        "proxy-connection, keep-alive",
        "transfer-encoding, chunked",
        "upgrade, h2c",
        "te, gzip"
    })
    void refusesAFieldOfTheConnection(String name, String value) {
        peer.ready();

        RecordedStream inHeaders = answer(":status", "200", name, value);
        RecordedStream inTrailers = peer.start();
        peer.send(grpcHeaders(3), trailers(3, "grpc-status", "0", name, value));

        assertThat(inHeaders.failure().kind()).isEqualTo(MALFORMED);
        assertThat(inTrailers.failure().kind()).isEqualTo(MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "2", "20", "2000", "20x", "+20", "-20", " 20", "20 ", " 200", "200 ", "2\u00b20", "٢00"})
    void refusesAStatusThatIsNotThreeDigits(String status) {
        peer.ready();

        RecordedStream stream = answer(":status", status, "content-type", "application/grpc");

        assertThat(stream.failure().kind()).isEqualTo(MALFORMED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Upper", "", "a b", "a:b", ":status", ":unknown", "connection"})
    void refusesInTrailersWhatItRefusesInHeaders(String name) {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(grpcHeaders(1), trailers(1, "grpc-status", "0", name, "200"));

        assertThat(stream.events())
                .containsExactly("headers :status=200, content-type=application/grpc", "failure MALFORMED");
    }

    @Test
    void letsNothingOfAMalformedBlockIntoTheNextOne() {
        peer.ready();
        RecordedStream victim = peer.start();
        RecordedStream next = peer.start();

        peer.send(trailers(1, ":status", "200", "content-type", "application/grpc", "grpc-status", "0", "Upper", "x"));
        peer.send(trailers(3, ":status", "503"));

        assertThat(victim.events()).containsExactly("failure MALFORMED");
        assertThat(next.events()).containsExactly("trailers-only :status=503");
    }

    /** RFC 9113 §8.2.1 would have it malformed; what gRPC servers send in grpc-message is worth more. */
    @Test
    void dropsSpacesAndTabsAroundAValue() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(
                headers(1, ":status", "200", "content-type", " application/grpc\t", "blank", " \t ", "empty", ""),
                trailers(1, "grpc-status", "5", "grpc-message", "  not here\t "));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=200, content-type=application/grpc, blank=, empty=",
                        "trailers grpc-status=5, grpc-message=not here");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r", "\n", "\0", " \r\n", "\u000b", "\u000c"})
    void dropsNoOtherOctetAroundAValue(String octets) {
        peer.ready();

        RecordedStream before = answer(":status", "200", "name", octets + "value");
        RecordedStream after = answer(":status", "200", "name", "value" + octets);

        assertThat(before.failure().kind()).isEqualTo(MALFORMED);
        assertThat(after.failure().kind()).isEqualTo(MALFORMED);
        assertThat(before.failure().message()).doesNotContain(octets);
    }

    @Test
    void leavesOtherCallsAloneThroughAllOfThem() {
        peer.ready();
        RecordedStream innocent = peer.start();

        for (int i = 0; i < 100; i++) {
            assertThat(isMalformed(answer(":status", "200", "Upper", "x"))).isTrue();
        }
        peer.send(response(1, "unharmed"));

        assertThat(innocent.events()).contains("message unharmed", "trailers grpc-status=0");
    }

    /** Starts a stream and ends it with one header block. */
    private RecordedStream answer(String... namesAndValues) {
        RecordedStream stream = peer.start();
        peer.send(trailers(stream.id, namesAndValues));
        assertThat(stream.ends()).isEqualTo(1);
        peer.receive();
        return stream;
    }

    private static boolean isMalformed(RecordedStream stream) {
        return stream.events().equals(java.util.List.of("failure MALFORMED"));
    }
}
