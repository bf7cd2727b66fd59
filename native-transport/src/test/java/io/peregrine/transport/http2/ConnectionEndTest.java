package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.ENHANCE_YOUR_CALM;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.REFUSED;
import static io.peregrine.transport.http2.StreamFailure.Kind.UNPROCESSED;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.transport.http2.ClientTransport.StartResult;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** GOAWAY, shutdown and the loss of a connection (RFC 9113 §6.8, SPEC H2-13, H2-14). */
class ConnectionEndTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void letsOpenStreamsFinishAfterAGracefulGoAway() {
        peer.ready();
        RecordedStream open = peer.start();

        peer.send(goAway(Integer.MAX_VALUE));
        assertThat(peer.listened()).containsExactly("ready", "draining: greeter.test:443 sent GOAWAY NO_ERROR");
        assertThat(peer.tryStart(peer.newStream())).isEqualTo(StartResult.CLOSED);
        peer.send(goAway(1));
        assertThat(peer.isClosed()).isFalse();
        peer.send(response(1, "late"));

        assertThat(open.events()).contains("message late", "trailers grpc-status=0");
        assertThat(peer.isClosed()).isTrue();
        assertThat(peer.receive()).endsWith("GOAWAY 0 NO_ERROR");
    }

    @Test
    void refusesWhatIsAboveTheLastStream() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        RecordedStream third = peer.start();

        peer.send(goAway(3));

        assertThat(first.events()).isEmpty();
        assertThat(second.events()).isEmpty();
        assertThat(third.failure().kind()).isEqualTo(REFUSED);
        peer.send(response(3, "b"), response(1, "a"));
        assertThat(first.events()).contains("message a");
        assertThat(second.events()).contains("message b");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void neverTakesBackARefusal() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        peer.send(goAway(1));
        assertThat(second.failure().kind()).isEqualTo(REFUSED);
        peer.receive();

        peer.send(goAway(3));

        assertThat(first.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
    }

    @Test
    void refusesAnEvenLastStream() {
        peer.ready();
        RecordedStream stream = peer.start();

        peer.send(goAway(2));

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void closesAtOnceWhenNoStreamIsLeft() {
        peer.ready();

        peer.send(goAway(0, ENHANCE_YOUR_CALM.code(), "too_many_pings"));

        assertThat(peer.isClosed()).isTrue();
        assertThat(peer.listened()).hasSize(3);
        assertThat(peer.listened().get(1))
                .isEqualTo("draining: greeter.test:443 sent GOAWAY ENHANCE_YOUR_CALM: too_many_pings");
        assertThat(peer.listened().get(2)).startsWith("terminated").contains("too_many_pings");
    }

    @Test
    void endsEveryRefusedStreamBeforeItSaysThatItIsTerminated() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        first.onEndRun(() -> peer.listened().add("first ended"));
        second.onEndRun(() -> peer.listened().add("second ended"));

        peer.send(goAway(0));

        assertThat(peer.listened()).hasSize(5);
        assertThat(peer.listened().subList(2, 4)).containsExactly("first ended", "second ended");
        assertThat(peer.listened().get(4)).startsWith("terminated").contains("GOAWAY");
    }

    @Test
    void namesTheGoAwayWhenTheServerThenCloses() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(goAway(1, 0, "maintenance"));

        peer.close();

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.failure().message()).contains("closed the connection").contains("maintenance");
    }

    @Test
    void sendsWaitingStreamsElsewhereOnGoAway() {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();
        RecordedStream last = peer.start();

        peer.send(goAway(1));

        assertThat(waiting.failure().kind()).isEqualTo(UNPROCESSED);
        assertThat(last.failure().kind()).isEqualTo(UNPROCESSED);
        peer.send(response(1, "ok"));
        assertThat(open.events()).contains("message ok");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void showsOnlyTheBeginningOfALongDebugText() {
        peer.ready();

        peer.send(goAway(0, 0, "x".repeat(5_000)));

        assertThat(peer.listened().get(1)).hasSizeLessThan(400);
    }

    @Test
    void namesAnErrorCodeThatItDoesNotKnow() {
        peer.ready();

        peer.send(goAway(0, 0xfeed, ""));

        assertThat(peer.listened().get(1)).contains("GOAWAY error 65261");
    }

    @Test
    void shutdownLetsOpenAndWaitingStreamsFinish() {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();

        peer.shutdown();
        assertThat(peer.tryStart(peer.newStream())).isEqualTo(StartResult.CLOSED);
        peer.send(response(1, "first"));
        peer.send(response(3, "second"));

        assertThat(open.events()).contains("message first");
        assertThat(waiting.events()).contains("message second");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void shutdownAfterGoAwayStillLetsOpenStreamsFinish() {
        peer.ready();
        RecordedStream open = peer.start();
        peer.send(goAway(1));

        peer.shutdown();
        assertThat(peer.isClosed()).isFalse();
        peer.send(response(1, "ok"));

        assertThat(open.events()).contains("message ok");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void shutdownTwiceStillLetsOpenStreamsFinish() {
        peer.ready();
        RecordedStream open = peer.start();

        peer.shutdown();
        peer.shutdown();
        peer.send(response(1, "ok"));

        assertThat(open.events()).contains("message ok");
    }

    @Test
    void shutdownWithoutStreamsClosesAtOnce() {
        peer.ready();

        peer.shutdown();

        assertThat(peer.receive()).containsExactly("GOAWAY 0 NO_ERROR");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void shutdownNowEndsOpenAndWaitingStreams() {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();
        peer.receive();

        peer.shutdownNow();

        assertThat(open.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(waiting.failure().kind()).isEqualTo(UNPROCESSED);
        assertThat(peer.receive()).containsExactly("GOAWAY 0 NO_ERROR");
        peer.shutdownNow();
        peer.shutdown();
    }

    @Test
    void closesWithoutGoAwayWhenThePeerDoesNotReadIt() {
        peer.ready();
        RecordedStream open = peer.start();
        peer.block();

        peer.shutdownNow();
        assertThat(open.hasEnded()).isTrue();
        peer.advance(Duration.ofMillis(4999));
        assertThat(peer.isClosed()).isFalse();
        peer.advance(Duration.ofMillis(1));

        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void failsOpenAndWaitingStreamsWhenTheServerCloses() {
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 1);
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();

        peer.close();

        assertThat(open.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(open.failure().message()).isEqualTo("greeter.test:443 closed the connection");
        assertThat(waiting.failure().kind()).isEqualTo(UNPROCESSED);
    }

    @Test
    void dropsAHalfReceivedFrameWithTheConnection() {
        peer.ready();
        RecordedStream stream = peer.start();
        byte[] response = response(1, "never seen");
        peer.send(java.util.Arrays.copyOf(response, response.length - 30));

        peer.close();

        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(stream.messages()).isEmpty();
    }

    @Test
    void retiresWithoutLosingACallWhenACallbackStartsAnotherOne() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.newStream();
        first.onEndRun(() -> assertThat(peer.tryStart(second)).isEqualTo(StartResult.CLOSED));

        peer.send(goAway(0));

        assertThat(first.failure().kind()).isEqualTo(REFUSED);
        assertThat(second.hasEnded()).isFalse();
    }

    @Test
    void endsEachStreamOnceWhenACallbackShutsDownFromInside() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        first.onEndRun(() -> peer.connection().shutdownNow("from inside"));

        peer.send(response(1, "ok"));

        assertThat(first.events()).endsWith("trailers grpc-status=0");
        assertThat(second.failure().message()).isEqualTo("from inside");
    }

    @Test
    void parsesNothingBehindAConnectionError() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(Frames.windowUpdate(0, 0), Frames.ping("0000000000000001"), response(1, "no"));

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
        assertThat(stream.events()).containsExactly("failure CONNECTION_LOST");
    }
}
