package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** SPEC D4. */
class Http2ConnectorTest {
    private static final long SECOND_NS = Duration.ofSeconds(1).toNanos();

    @Test
    void d4AnAttemptTakesAsLongAsTheDelayThatItsFailureCosts() {
        try (EventLoops loops = EventLoops.create(1)) {
            Http2Connector connector = connector(loops, Duration.ofSeconds(20));

            assertThat(connector.forAttempt(20 * SECOND_NS)).isSameAs(connector);
            assertThat(connector.forAttempt(21 * SECOND_NS)).isNotSameAs(connector);
        }
    }

    @Test
    void d4ALimitThatSomeoneShortenedStays() {
        try (EventLoops loops = EventLoops.create(1)) {
            Http2Connector connector = connector(loops, Duration.ofSeconds(5));

            assertThat(connector.forAttempt(120 * SECOND_NS)).isSameAs(connector);
        }
    }

    @Test
    void d4ALongerLimitIsEnoughForAShorterDelay() {
        try (EventLoops loops = EventLoops.create(1)) {
            Http2Connector connector = connector(loops, Duration.ofSeconds(60));

            assertThat(connector.forAttempt(59 * SECOND_NS)).isSameAs(connector);
        }
    }

    private static Http2Connector connector(EventLoops loops, Duration connectTimeout) {
        TransportOptions options =
                TransportOptions.builder().connectTimeout(connectTimeout).build();
        return new Http2Connector(loops, SocketTuning.defaults(), options, null);
    }
}
