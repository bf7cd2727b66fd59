package io.peregrine.client.report;

import java.time.Duration;
import java.util.List;

/**
 * The way of a call that failed. Immutable. {@link #toString()} is the text that the message of its
 * {@link io.peregrine.client.StatusException} ends with.
 *
 * @param target the channel's target
 * @param method the method's full name
 * @param elapsed from the call's start to its end
 * @param attempts the attempts that ended, in that order; empty if the call failed before the first
 * @param lastConnectionError why the channel could not connect the last time it failed to; empty if it never did
 */
public record CallReport(
        String target, String method, Duration elapsed, List<AttemptReport> attempts, String lastConnectionError) {

    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder("target ").append(target).append(", method ").append(method);
        if (attempts.size() == 1 && attempts.get(0).peer() != null) {
            text.append(", peer ").append(attempts.get(0).peer());
        }
        text.append(", after ").append(Durations.inMillis(elapsed));
        if (attempts.size() == 1) {
            List<Wait> waits = attempts.get(0).waits();
            for (int i = 0; i < waits.size(); i++) {
                text.append(i == 0 ? ", waited " : ", ").append(waits.get(i));
            }
        }
        for (int i = 0; attempts.size() > 1 && i < attempts.size(); i++) {
            text.append("; attempt ").append(i + 1).append(": ").append(attempts.get(i));
        }
        if (!lastConnectionError.isEmpty()) {
            text.append("; last connection error: ").append(lastConnectionError);
        }
        return text.toString();
    }
}
