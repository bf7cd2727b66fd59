package io.peregrine.client.internal.control;

import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Why a channel is not as it should be: what its resolver, its policy and its connections said last, each until it does
 * well again. For the messages of calls and for operators. Written in the channel's serialised context.
 */
final class ChannelFailures {
    private String resolver = "";
    private String policy = "";
    private String connection = "";

    /** Written in the context, read by calls; publishes nothing but itself. */
    private volatile String text = "";

    /** What the resolver failed with; empty once it does well. */
    void resolver(String reason) {
        resolver = reason;
        publish();
    }

    /** What the policy did; empty once it does well. */
    void policy(String reason) {
        policy = reason;
        publish();
    }

    /** Why the last connection failed or was lost; empty once there is another. */
    void connection(String reason) {
        connection = reason;
        publish();
    }

    /** Nothing has gone wrong. */
    void clear() {
        resolver = "";
        policy = "";
        connection = "";
        publish();
    }

    private void publish() {
        String joined = Stream.of(resolver, policy, connection)
                .filter(reason -> !reason.isEmpty())
                .collect(Collectors.joining("; "));
        if (!joined.equals(text)) {
            text = joined;
        }
    }

    /** All of it in one line; empty if nothing is wrong. Any thread. */
    String text() {
        return text;
    }
}
