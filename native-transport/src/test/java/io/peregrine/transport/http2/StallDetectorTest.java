package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A connection whose calls only reach their deadlines is asked for a sign of life, and replaced within milliseconds. */
class StallDetectorTest {
    private static final Duration DEADLINE = Duration.ofMillis(10);
    private static final Duration LATE = Duration.ofMillis(12);
    private static final Duration TIMEOUT = Duration.ofMillis(20);
    private static final String PING = "PING 7374616c6c65643f";

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void isOffByDefault() {
        peer.ready();

        for (int n = 0; n < 10; n++) {
            missDeadline();
        }

        assertThat(peer.receive()).doesNotContain(PING);
        assertThat(TransportOptions.defaults().deadlineProbe()).isNull();
    }

    @Test
    void asksAfterSoManyDeadlinesInARowAndNotBefore() {
        ready(3);

        missDeadline();
        missDeadline();
        assertThat(peer.receive()).doesNotContain(PING);
        missDeadline();

        assertThat(peer.receive()).containsOnlyOnce(PING);
    }

    @Test
    void anyByteBetweenTwoDeadlinesBeginsTheCountAnew() {
        ready(3);
        missDeadline();
        missDeadline();

        RecordedStream answered = peer.start();
        peer.send(response(answered.id, "x"));
        missDeadline();
        missDeadline();

        assertThat(peer.receive()).doesNotContain(PING);
    }

    @Test
    void aPeerThatDoesNotAnswerLosesItsConnection() {
        ready(2);
        RecordedStream patient = peer.startWithin(Duration.ofMinutes(1));
        missDeadline();
        missDeadline();

        peer.advance(TIMEOUT.minusNanos(1));
        assertThat(patient.hasEnded()).isFalse();
        peer.advance(Duration.ofNanos(1));

        assertThat(patient.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(patient.failure().message())
                .contains("2 calls in a row reached their deadline", "no answer to a PING within 20 ms");
    }

    @Test
    void aPeerThatAnswersIsOnlySlow() {
        ready(2);
        RecordedStream patient = peer.startWithin(Duration.ofMinutes(1));
        missDeadline();
        missDeadline();

        answerPing();
        peer.advance(Duration.ofSeconds(1));

        assertThat(patient.hasEnded()).isFalse();
    }

    @Test
    void ka7APeerThatAnswersPingsAndNothingElseIsAskedTwice() {
        ready(1);
        int pings = 0;
        for (int n = 0; n < 10; n++) {
            missDeadline();
            if (peer.receive().contains(PING)) {
                pings++;
                answerPing();
                peer.advance(TIMEOUT);
            }
        }
        assertThat(pings).isEqualTo(2);

        RecordedStream answered = peer.start();
        peer.send(response(answered.id, "x"));
        missDeadline();

        assertThat(peer.receive()).containsOnlyOnce(PING);
        answerPing();
    }

    @Test
    void aDeadlineOfAStreamThatNeverOpenedSaysNothing() {
        peer.with(options(1));
        peer.ready(Frames.MAX_CONCURRENT_STREAMS, 0);

        missDeadline();

        assertThat(peer.receive()).doesNotContain(PING);
    }

    @Test
    void theEndOfTheConnectionStopsTheTimer() {
        ready(1);
        missDeadline();

        peer.shutdownNow();
        peer.advance(TIMEOUT);

        List<String> ends =
                peer.listened().stream().filter(line -> line.startsWith("term")).toList();
        assertThat(ends).hasSize(1);
    }

    @Test
    void refusesWhatIsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DeadlineProbe(0, TIMEOUT))
                .withMessage("deadlines before a probe: 0 (expected: 1..1000)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DeadlineProbe(3, Duration.ZERO))
                .withMessage("timeout of a probe: PT0S (expected: PT0.001S..PT1M)");
    }

    private void ready(int deadlines) {
        peer.with(options(deadlines));
        peer.ready();
    }

    private static TransportOptions options(int deadlines) {
        return TransportOptions.builder()
                .windows(1 << 20, 4 << 20)
                .deadlineProbe(new DeadlineProbe(deadlines, TIMEOUT))
                .build();
    }

    private void missDeadline() {
        RecordedStream stream = peer.startWithin(DEADLINE);
        peer.advance(LATE);
        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.DEADLINE_EXCEEDED);
    }

    private void answerPing() {
        peer.send(frame(0x6, 0x1, 0, "7374616c6c65643f"));
    }
}
