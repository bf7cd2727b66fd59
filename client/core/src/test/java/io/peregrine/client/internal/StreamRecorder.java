package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a call with streams told its caller, in order. */
final class StreamRecorder implements StreamCallback<byte[]> {
    final List<String> events = new ArrayList<>();
    private int ends;

    @Nullable
    StatusException failure;

    /** Run inside each callback. */
    Runnable onEvent = () -> {};

    @Override
    public void onHeaders(Metadata headers) {
        add("headers");
    }

    @Override
    public void onMessage(byte[] message) {
        add("message " + Arrays.toString(message));
    }

    @Override
    public void onWritable() {
        add("writable");
    }

    @Override
    public void onComplete(Metadata trailers) {
        ends++;
        add("complete");
    }

    @Override
    public void onFailure(StatusException failed) {
        ends++;
        failure = failed;
        add("failure " + failed.code());
    }

    private void add(String event) {
        events.add(event);
        onEvent.run();
    }

    int ends() {
        return ends;
    }

    Status status() {
        StatusException failed = failure;
        assertThat(failed).as("the failure among %s", events).isNotNull();
        return failed == null ? Status.OK : failed.status();
    }
}
