package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.headers;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.trailers;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Responses of 1xx before the final one (RFC 9113 §8.1). */
class InformationalResponseTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void skipsAnyReasonableNumberBeforeTheFinalResponse() {
        peer.ready();
        RecordedStream stream = peer.start();

        for (int status = 102; status < 152; status++) {
            peer.send(headers(1, ":status", String.valueOf(status), "x", "y"));
        }
        peer.send(response(1, "x"));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=200, content-type=application/grpc", "message x", "trailers grpc-status=0");
    }

    @Test
    void refusesDataBeforeTheFinalResponse() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(headers(1, ":status", "100"));
        peer.receive();

        peer.send(data(1, message("x")));

        assertThat(stream.events()).containsExactly("failure MALFORMED");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 PROTOCOL_ERROR");
    }

    @Test
    void refusesOneBehindTheFinalResponse() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(grpcHeaders(1), headers(1, ":status", "103"));

        assertThat(stream.failure().kind()).isEqualTo(MALFORMED);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 PROTOCOL_ERROR");
    }

    @ParameterizedTest
    @ValueSource(strings = {"100", "101", "103", "199"})
    void refusesOneThatEndsTheStream(String status) {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(trailers(1, ":status", status, "grpc-status", "0"));

        assertThat(stream.events()).containsExactly("failure MALFORMED");
    }

    @Test
    void takesTrailersOnlyBehindOne() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(headers(1, ":status", "103"), trailers(1, ":status", "200", "grpc-status", "0"));

        assertThat(stream.events()).containsExactly("trailers-only :status=200, grpc-status=0");
    }
}
