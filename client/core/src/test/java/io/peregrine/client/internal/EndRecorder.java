package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.report.CallReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What a call told its caller. */
class EndRecorder implements UnaryCallback<byte[]> {
    final List<String> events = new ArrayList<>();
    final List<byte[]> responses = new ArrayList<>();
    final List<StatusException> failures = new ArrayList<>();
    final List<Metadata> metadata = new ArrayList<>();

    @Override
    public void onSuccess(byte[] response, Metadata trailers) {
        events.add("success");
        responses.add(response);
        metadata.add(trailers);
    }

    @Override
    public void onFailure(StatusException failure) {
        events.add("failure");
        failures.add(failure);
        metadata.add(failure.trailers());
    }

    @Override
    public void onHeaders(Metadata headers) {
        events.add("headers");
        metadata.add(headers);
    }

    int ends() {
        return responses.size() + failures.size();
    }

    Status status() {
        assertThat(failures).hasSize(1);
        assertThat(responses).isEmpty();
        return failures.get(0).status();
    }

    /** What the one failure tells of the call's way. */
    CallReport report() {
        assertThat(failures).hasSize(1);
        return Objects.requireNonNull(failures.get(0).report());
    }

    byte[] response() {
        assertThat(failures).isEmpty();
        assertThat(responses).hasSize(1);
        return responses.get(0);
    }
}
