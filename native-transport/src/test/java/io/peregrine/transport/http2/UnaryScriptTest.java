package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The usual call. */
class UnaryScriptTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void carriesOneCall() {
        peer.ready();

        RecordedStream stream = peer.start();
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");
        peer.send(response(1, "hello"));

        assertThat(stream.events())
                .containsExactly(
                        "headers :status=200, content-type=application/grpc",
                        "message hello",
                        "trailers grpc-status=0");
        assertThat(peer.request(1).path()).hasToString("/helloworld.Greeter/SayHello");
        assertThat(peer.requestBody(1)).containsExactly(0, 0, 0, 0, 3, 0, 1, 2);
    }
}
