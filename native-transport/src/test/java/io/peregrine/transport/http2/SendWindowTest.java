package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Peers that are stingy with the window, or open it and take it away (RFC 9113 §6.9.2). */
class SendWindowTest {
    private static final int BIG = 1 << 30;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void gathersADribbleOfOneReadIntoOneFrame() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        peer.startSending(1000);
        peer.receive();
        int flushes = peer.flushes();
        byte[][] dribble = new byte[200][];
        java.util.Arrays.fill(dribble, windowUpdate(1, 1));

        peer.send(dribble);

        assertThat(peer.receive()).containsExactly("DATA 1 200");
        assertThat(peer.flushes()).isEqualTo(flushes + 1);
    }

    @Test
    void doesNothingWhileNoWindowOpens() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        peer.startSending(1000);
        peer.receive();
        int flushes = peer.flushes();

        peer.runTasks();
        peer.send(windowUpdate(0, 1));
        peer.runTasks();

        assertThat(peer.receive()).isEmpty();
        assertThat(peer.flushes()).isEqualTo(flushes);
        assertThat(peer.channel().hasPendingTasks()).isFalse();
    }

    @Test
    void sendsNothingThatSettingsTookBackBeforeTheyWereUsed() {
        peer.ready(INITIAL_WINDOW_SIZE, 100);
        peer.startSending(1000);
        peer.receive();

        peer.send(join(windowUpdate(1, 500), settings(INITIAL_WINDOW_SIZE, 0)));

        // 100 sent, 500 granted, 100 taken: 400 are left.
        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "DATA 1 400");
        assertThat(peer.windows().streamWindow(1)).isZero();
    }

    @Test
    void letsTheConnectionGoToItsLastOctetAndNoFurther() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            streams.add(peer.startSending(10_000));
        }
        assertThat(peer.windows().connectionWindow()).isZero();
        peer.receive();

        peer.send(windowUpdate(0, 1));
        assertThat(peer.receive()).singleElement().asString().endsWith(" 1");
        peer.send(windowUpdate(0, BIG));

        assertThat(streams).allMatch(stream -> peer.requestBody(stream.id).length == 10_005);
    }

    @Test
    void takesTheAnswerOfAStreamWhoseRequestIsStuck() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream stuck = peer.startSending(1000);
        peer.receive();

        peer.send(response(1, "never mind"));

        assertThat(stuck.events()).endsWith("message never mind", "trailers grpc-status=0");
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 NO_ERROR");
    }

    @Test
    void costsAStreamWhoseWindowOverflowsOnlyItself() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream victim = peer.startSending(1000);
        RecordedStream innocent = peer.start();
        peer.receive();

        peer.send(windowUpdate(1, Integer.MAX_VALUE), windowUpdate(1, 1));

        assertThat(victim.failure().kind()).isEqualTo(MALFORMED);
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 FLOW_CONTROL_ERROR");
        peer.send(windowUpdate(3, 8), response(3, "unharmed"));
        assertThat(innocent.events()).contains("message unharmed");
    }

    @Test
    void takesAllTheWindowThatThereCanBeAndNotAnOctetMore() {
        peer.ready();
        peer.send(windowUpdate(0, Integer.MAX_VALUE - 65_535));
        assertThat(peer.receive()).isEmpty();

        peer.send(windowUpdate(0, 1));

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 FLOW_CONTROL_ERROR");
    }
}
