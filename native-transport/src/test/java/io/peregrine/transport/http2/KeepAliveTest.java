package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SPEC 2.13: a peer that is gone is noticed, and one that is there is not pestered. */
class KeepAliveTest {
    private static final Duration TIME = Duration.ofMinutes(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Duration STEP = Duration.ofMillis(100);
    private static final Duration INSTANT = Duration.ofNanos(1);
    private static final String PING = "PING 6b656570616c6976";

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    // ---- KA-1 ------------------------------------------------------------------------------------------------

    @Test
    void ka1IsOffByDefault() {
        peer.ready();
        peer.start();
        peer.receive();

        peer.advance(Duration.ofDays(1));

        assertThat(peer.receive()).isEmpty();
        assertThat(TransportOptions.defaults().keepAlive()).isNull();
    }

    @Test
    void ka1RaisesWhatIsTooLow() {
        KeepAliveOptions raised = new KeepAliveOptions(Duration.ofSeconds(1), Duration.ofMillis(1), false);

        assertThat(raised.time()).isEqualTo(Duration.ofSeconds(10));
        assertThat(raised.timeout()).isEqualTo(Duration.ofMillis(10));
        KeepAliveOptions usual = KeepAliveOptions.after(TIME);
        assertThat(usual.timeout()).isEqualTo(Duration.ofSeconds(20));
        assertThat(usual.withoutCalls()).isFalse();
    }

    @Test
    void ka1RefusesWhatIsNotPositive() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KeepAliveOptions(Duration.ZERO, TIMEOUT, false))
                .withMessage("keepalive time: PT0S (expected: positive)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KeepAliveOptions(TIME, Duration.ofMillis(-1), false))
                .withMessage("keepalive timeout: PT-0.001S (expected: positive)");
    }

    @Test
    void ka6DoublesUpToItsRange() {
        assertThat(KeepAliveOptions.after(TIME).doubled().time()).isEqualTo(Duration.ofMinutes(2));
        assertThat(KeepAliveOptions.after(Duration.ofDays(999)).doubled().time())
                .isEqualTo(Duration.ofDays(1000));
    }

    // ---- KA-2 ------------------------------------------------------------------------------------------------

    @Test
    void ka2PingsAfterTheTimeAndNotBefore() {
        ready(false);
        peer.start();
        peer.receive();

        peer.advance(TIME.minus(INSTANT));
        assertThat(peer.receive()).isEmpty();
        peer.advance(INSTANT);

        assertThat(peer.receive()).containsExactly(PING);
    }

    @Test
    void ka2EndsASilentConnectionAfterTheTimeoutAndSaysWhy() {
        ready(false);
        RecordedStream stream = peer.start();
        peer.advance(TIME);
        peer.receive();

        peer.advance(TIMEOUT.minus(INSTANT));
        assertThat(peer.isClosed()).isFalse();
        peer.advance(INSTANT);

        assertThat(peer.isClosed()).isTrue();
        assertThat(peer.listened().get(1))
                .isEqualTo("terminated: keepalive: nothing was heard from greeter.test:443 for 80000 ms, "
                        + "and no answer to a PING within 20000 ms");
        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(stream.failure().message()).startsWith("keepalive: ");
    }

    @Test
    void ka2AnyByteIsASignOfLife() {
        ready(false);
        peer.start();
        pass(TIME.dividedBy(2));
        byte[] frame = Frames.windowUpdate(0, 1);

        peer.sendInPieces(new byte[] {frame[0]}, Arrays.copyOfRange(frame, 1, frame.length));
        peer.receive();
        pass(TIME.minus(INSTANT));
        assertThat(peer.receive()).isEmpty();
        pass(TIME.dividedBy(4).plus(INSTANT));

        assertThat(peer.receive()).containsExactly(PING);
    }

    @Test
    void ka2ThePingComesAQuarterOfTheTimeLateAtMost() {
        ready(false);
        peer.start();
        for (int i = 0; i < 100; i++) {
            peer.receive();
            pass(Duration.ofMillis(977));
            peer.send(Frames.windowUpdate(0, 1));
        }

        pass(TIME.minus(INSTANT));
        assertThat(peer.receive()).isEmpty();
        pass(TIME.dividedBy(4).plus(INSTANT));

        assertThat(peer.receive()).containsExactly(PING);
    }

    @Test
    void ka2AByteWithinTheTimeoutSavesTheConnection() {
        ready(false);
        RecordedStream stream = peer.start();
        peer.advance(TIME);
        peer.receive();
        peer.advance(TIMEOUT.minus(INSTANT));

        peer.send(Frames.windowUpdate(0, 1));
        peer.advance(TIME.minus(INSTANT));
        assertThat(peer.receive()).isEmpty();
        peer.advance(INSTANT);

        assertThat(peer.receive()).containsExactly(PING);
        peer.send(response(1, "ok"));
        assertThat(stream.events()).contains("message ok");
    }

    @Test
    void ka2WorksWhileDraining() {
        ready(false);
        RecordedStream stream = peer.start();
        peer.send(goAway(1));
        peer.receive();

        pass(TIME.plus(TIME.dividedBy(4)));
        assertThat(peer.receive()).containsExactly(PING);
        peer.advance(TIMEOUT);

        assertThat(peer.isClosed()).isTrue();
        assertThat(stream.failure().message()).contains("keepalive").contains("GOAWAY");
    }

    @Test
    void ka2NothingHappensBeforeTheConnectionIsReadyNorAfterItsEnd() {
        peer.with(options(true)).connected();
        peer.receive();
        peer.advance(Duration.ofSeconds(15));
        assertThat(peer.receive()).isEmpty();
        peer.sendSettings();
        peer.shutdownNow();
        peer.receive();

        peer.advance(Duration.ofDays(1));

        assertThat(peer.receive()).isEmpty();
    }

    // ---- KA-3 ------------------------------------------------------------------------------------------------

    @Test
    void ka3SendsNothingWithoutStreams() {
        ready(false);

        peer.advance(Duration.ofDays(1));

        assertThat(peer.receive()).isEmpty();
        assertThat(peer.isClosed()).isFalse();
    }

    @Test
    void ka3PingsAtOnceWhenAStreamStartsAfterALongSilence() {
        ready(false);
        peer.advance(TIME);

        peer.start();

        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM", PING);
        peer.advance(TIMEOUT);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void ka3DoesNotPingAtOnceWhenAStreamStartsWithinTheTime() {
        ready(false);
        peer.advance(TIME.minus(INSTANT));

        peer.start();
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");
        peer.advance(INSTANT);

        assertThat(peer.receive()).containsExactly(PING);
    }

    @Test
    void ka3AByteInTheDormancyRestartsTheClock() {
        ready(false);
        peer.advance(TIME.multipliedBy(3));
        peer.send(Frames.windowUpdate(0, 1));
        peer.advance(TIME.minus(INSTANT));

        peer.start();
        assertThat(peer.receive()).doesNotContain(PING);
        peer.advance(INSTANT);

        assertThat(peer.receive()).containsExactly(PING);
    }

    @Test
    void ka3PingsWithoutStreamsWhereThatIsAllowed() {
        ready(true);

        peer.advance(TIME);
        assertThat(peer.receive()).containsExactly(PING);
        peer.advance(TIMEOUT);

        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void ka3AStreamThatWaitsForASlotIsNotOpen() {
        peer.with(options(false)).ready(Frames.MAX_CONCURRENT_STREAMS, 0);
        peer.start();

        peer.advance(TIME.multipliedBy(2));

        assertThat(peer.receive()).isEmpty();
    }

    // ---- KA-4 ------------------------------------------------------------------------------------------------

    @Test
    void ka4HasOnePingOutstanding() {
        ready(false);
        peer.start();
        peer.receive();
        peer.advance(TIME);
        assertThat(peer.receive()).containsExactly(PING);

        peer.start();
        peer.advance(TIMEOUT.minus(INSTANT));

        assertThat(peer.receive()).containsExactly("HEADERS 3", "DATA 3 8 END_STREAM");
    }

    @Test
    void ka4PingsAgainAfterAnAnswer() {
        ready(true);
        for (int i = 0; i < 5; i++) {
            peer.advance(TIME);
            assertThat(peer.receive()).containsExactly(PING);
            peer.send(frame(Frames.PING, Frames.ACK, 0, PING.substring(5)));
        }

        assertThat(peer.isClosed()).isFalse();
    }

    // ---- KA-6 ------------------------------------------------------------------------------------------------

    @Test
    void ka6ReportsTooManyPingsWithTheKeepAliveThatWasRefused() {
        ready(false);
        RecordedStream processed = peer.start();
        RecordedStream unprocessed = peer.start();

        peer.send(goAway(1, Http2Error.ENHANCE_YOUR_CALM.code(), "too_many_pings"));

        assertThat(peer.refusedKeepAlives()).containsExactly(options(false).keepAlive());
        assertThat(peer.listened().get(1)).startsWith("draining: ").contains("ENHANCE_YOUR_CALM: too_many_pings");
        assertThat(unprocessed.events()).anyMatch(event -> event.contains("REFUSED"));
        peer.send(response(1, "ok"));
        assertThat(processed.events()).contains("message ok");
    }

    @Test
    void ka6OtherReasonsToBeCalmAreNotTooManyPings() {
        ready(false);

        peer.send(goAway(0, Http2Error.ENHANCE_YOUR_CALM.code(), "too_many_resets"));

        assertThat(peer.refusedKeepAlives()).isEmpty();
    }

    /** Time goes by without holding up the loop, whose own delays count in the peer's favour. */
    private void pass(Duration time) {
        Duration rest = time;
        for (; rest.compareTo(STEP) > 0; rest = rest.minus(STEP)) {
            peer.advance(STEP);
        }
        peer.advance(rest);
    }

    private void ready(boolean withoutCalls) {
        peer.with(options(withoutCalls)).ready();
        peer.receive();
    }

    private static TransportOptions options(boolean withoutCalls) {
        return TransportOptions.builder()
                .keepAlive(new KeepAliveOptions(TIME, TIMEOUT, withoutCalls))
                .build();
    }
}
