package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.transport.http2.ClientTransport.StartResult;
import java.lang.reflect.Field;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A connection whose stream ids run out retires in time (RFC 9113 §5.1.1, SPEC H2-5). */
class StreamIdsTest {
    private static final int LAST_BEFORE_RETIREMENT = 0x5fff_ffff;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void goesOnUntilThreeQuartersOfTheIdsAreUsed() throws Exception {
        peer.ready();
        skipTo(LAST_BEFORE_RETIREMENT - 2);

        peer.start();

        assertThat(peer.listened()).containsExactly("ready");
        assertThat(peer.receive()).startsWith("HEADERS 1610612733");
    }

    @Test
    void retiresWithoutHarmToTheStreamsThatAreOpen() throws Exception {
        peer.ready();
        RecordedStream early = peer.start();
        skipTo(LAST_BEFORE_RETIREMENT);

        RecordedStream last = peer.start();

        assertThat(peer.listened()).containsExactly("ready", "draining: stream ids of greeter.test:443 are used up");
        assertThat(peer.tryStart(peer.newStream())).isEqualTo(StartResult.CLOSED);
        peer.send(response(1, "early"), response(LAST_BEFORE_RETIREMENT, "last"));
        assertThat(early.events()).contains("message early", "trailers grpc-status=0");
        assertThat(last.events()).contains("message last", "trailers grpc-status=0");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void sendsWaitingStreamsElsewhere() throws Exception {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 1);
        skipTo(LAST_BEFORE_RETIREMENT - 2);
        RecordedStream open = peer.start();
        RecordedStream opensNext = peer.start();
        RecordedStream waits = peer.start();

        peer.send(response(LAST_BEFORE_RETIREMENT - 2, "x"));

        assertThat(open.hasEnded()).isTrue();
        assertThat(opensNext.id).isEqualTo(LAST_BEFORE_RETIREMENT);
        assertThat(waits.failure().kind()).isEqualTo(StreamFailure.Kind.UNPROCESSED);
        peer.send(response(LAST_BEFORE_RETIREMENT, "y"));
        assertThat(opensNext.events()).contains("message y");
    }

    /** Stands for 805 million streams. */
    private void skipTo(int streamId) throws Exception {
        Field streams = Arrays.stream(Http2ClientConnection.class.getDeclaredFields())
                .filter(field -> field.getType() == StreamLifecycle.class)
                .findFirst()
                .orElseThrow();
        streams.setAccessible(true);
        Field nextId = StreamTable.class.getDeclaredField("nextId");
        nextId.setAccessible(true);
        nextId.setInt(((StreamLifecycle) streams.get(peer.connection())).table(), streamId);
    }
}
