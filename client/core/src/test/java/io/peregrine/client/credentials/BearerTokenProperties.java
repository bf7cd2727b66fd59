package io.peregrine.client.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What holds for a {@link BearerToken} whatever happens in whatever order (SPEC CR-4, CR-7). */
class BearerTokenProperties {
    private static final int RUNS = 200;
    private static final int STEPS = 200;

    /** Each failed refresh is a warning, and thousands are provoked here. Held, since a level lives with its logger. */
    private static final Logger LOG = Logger.getLogger(TokenCache.class.getName());

    @BeforeAll
    static void silence() {
        LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void restore() {
        LOG.setLevel(null);
    }

    @Test
    void cr7NoCallGetsAnExpiredTokenOrTwoAnswersAndNoTwoFetchesAreInFlight() {
        SplittableRandom random = Seeds.random("bearer tokens");
        for (int run = 0; run < RUNS; run++) {
            new Run(random.split()).play();
        }
    }

    /** The token's value is the time of its expiry. */
    private static final class Run {
        private final SplittableRandom random;
        private final VirtualClock clock = new VirtualClock();
        private final ScriptedSource source = new ScriptedSource(clock);
        private final BearerToken credentials = BearerToken.builder(source)
                .clock(clock)
                .fetchTimeout(Duration.ofDays(999))
                .build();
        private final List<RecordedAnswer> waiting = new ArrayList<>();
        private int successes;

        Run(SplittableRandom random) {
            this.random = random;
        }

        void play() {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(6)) {
                    case 0 -> clock.advance(Duration.ofMillis(random.nextInt(100_000)));
                    case 1 -> clock.advance(Duration.ofMillis(random.nextInt(1_000)));
                    case 2 -> answer();
                    default -> call();
                }
                assertThat(source.pending()).as("fetches in flight").isLessThanOrEqualTo(1);
            }
            while (source.pending() > 0) {
                answer();
            }
            assertThat(waiting).as("calls without an answer").isEmpty();
        }

        private void call() {
            RecordedAnswer answer = RecordedAnswer.ask(credentials);
            if (answer.count() == 0) {
                assertThat(source.pending()).as("a call waits for a fetch").isEqualTo(1);
                waiting.add(answer);
            } else {
                check(answer);
            }
        }

        private void answer() {
            if (source.pending() == 0) {
                return;
            }
            if (random.nextInt(3) == 0) {
                source.fail(new IOException("unreachable"));
            } else {
                Duration life = Duration.ofSeconds(1 + random.nextInt(100));
                successes++;
                source.give(clock.instant().plus(life).toString(), life);
            }
            waiting.forEach(this::check);
            waiting.clear();
        }

        private void check(RecordedAnswer answer) {
            assertThat(answer.count()).isEqualTo(1);
            if (answer.isFailure()) {
                return;
            }
            assertThat(successes).isPositive();
            assertThat(Instant.parse(answer.token())).isAfter(clock.instant());
        }
    }
}
