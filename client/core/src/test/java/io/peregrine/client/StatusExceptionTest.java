package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.report.CallReport;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StatusExceptionTest {
    private static final Status LOST =
            new Status(StatusCode.UNAVAILABLE, "connection lost", new IllegalStateException("reset"));

    @Test
    void serializedItKeepsCodeMessageAndCause() throws Exception {
        CallReport report = new CallReport("dns:///a", "a.B/C", Duration.ofMillis(1), List.of(), "");
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(octets)) {
            out.writeObject(new StatusException(LOST, Metadata.EMPTY, () -> report, false));
        }
        StatusException read;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(octets.toByteArray()))) {
            read = (StatusException) in.readObject();
        }

        assertThat(read.code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(read.status().message()).isEqualTo("connection lost");
        assertThat(read).hasMessage("UNAVAILABLE: connection lost").hasRootCauseMessage("reset");
        assertThat(read.trailers()).isSameAs(Metadata.EMPTY);
        assertThat(read.report()).isNull();
    }

    @Test
    void theReportIsMadeWhenItIsReadForTheFirstTimeAndOnlyThen() {
        AtomicInteger made = new AtomicInteger();
        StatusException failure = new StatusException(
                LOST,
                Metadata.EMPTY,
                () -> {
                    made.incrementAndGet();
                    return new CallReport("dns:///a", "a.B/C", Duration.ofMillis(1), List.of(), "");
                },
                false);
        assertThat(made).hasValue(0);

        assertThat(failure).hasMessage("UNAVAILABLE: connection lost [target dns:///a, method a.B/C, after 1.000 ms]");
        assertThat(failure.report()).isSameAs(failure.report());
        assertThat(made).hasValue(1);
    }

    @Test
    void aStackIsCapturedOnlyOnDemand() {
        StatusException failure = new StatusException(LOST);

        assertThat(failure.getStackTrace()).isEmpty();
        assertThat(failure.withStackTrace().getStackTrace()).isNotEmpty();
    }
}
