package io.peregrine.client.credentials;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A token source that the test answers. */
final class ScriptedSource implements TokenSource {
    private final InstantSource clock;
    private final Deque<CompletableFuture<AccessToken>> asked = new ArrayDeque<>();
    private int fetches;

    ScriptedSource(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public CompletionStage<AccessToken> fetch() {
        fetches++;
        CompletableFuture<AccessToken> answer = new CompletableFuture<>();
        asked.add(answer);
        return answer;
    }

    /** How often it was asked. */
    int fetches() {
        return fetches;
    }

    /** How many questions have no answer. */
    int pending() {
        return asked.size();
    }

    /** Answers the oldest question with a token of that life. */
    void give(String value, Duration life) {
        asked.remove().complete(new AccessToken(value, clock.instant().plus(life)));
    }

    void giveNull() {
        asked.remove().complete(null);
    }

    void fail(@Nullable Throwable thrown) {
        asked.remove().completeExceptionally(thrown);
    }
}
