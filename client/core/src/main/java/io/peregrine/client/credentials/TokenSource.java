package io.peregrine.client.credentials;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Where bearer tokens come from: a metadata server, a secret store, an OAuth 2.0 token endpoint. */
@FunctionalInterface
public interface TokenSource {
    /**
     * Begins to get a token. Called on the thread of a call, often an event loop: it must not block; see
     * {@link #blocking} for a source that does. It is not called again before the stage is complete, or the timeout
     * for it has passed.
     *
     * @return completed with the token, on any thread; the calls that wait for it go on on that thread. Completed
     *     exceptionally, those calls fail as {@link BearerToken} says
     */
    CompletionStage<AccessToken> fetch();

    /**
     * Runs a source that blocks on {@code executor}. An executor that rejects it fails as a source that throws
     * {@link java.io.IOException} does.
     */
    static TokenSource blocking(Callable<AccessToken> source, Executor executor) {
        return () -> {
            CompletableFuture<AccessToken> token = new CompletableFuture<>();
            executor.execute(() -> {
                try {
                    token.complete(source.call());
                } catch (Exception | Error thrown) {
                    token.completeExceptionally(thrown);
                }
            });
            return token;
        };
    }
}
