package io.peregrine.client.resolver.dns;

import io.peregrine.client.resolver.HostLookup;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The rounds of one resolver: what the test has put here is the answer, at once or when the test says so. */
final class ScriptedLookup {
    /** By name; a name that is not here does not exist, and one with a failure fails. */
    final Map<String, Answer<InetAddress>> addresses = new HashMap<>();

    final Map<String, Answer<String>> texts = new HashMap<>();
    final Map<String, Answer<SrvRecord>> services = new HashMap<>();
    final Map<String, Exception> failures = new HashMap<>();
    final List<String> asked = new ArrayList<>();

    /** What answers wait for; null for nothing. */
    @Nullable
    CompletableFuture<Void> gate;

    int rounds;
    int open;

    Lookup newRound() {
        rounds++;
        open++;
        return new Round();
    }

    static Answer<InetAddress> addresses(String... literals) {
        return Answer.of(Arrays.stream(literals)
                .map(literal -> Objects.requireNonNull(HostLookup.literal(literal)))
                .toList());
    }

    void fails(String name, String reason) {
        failures.put(name, new UnknownHostException(reason));
    }

    private final class Round implements Lookup {
        private boolean closed;

        @Override
        public CompletableFuture<Answer<InetAddress>> addresses(String host) {
            return answer("A " + host, host, addresses);
        }

        @Override
        public CompletableFuture<Answer<String>> texts(String name) {
            return answer("TXT " + name, name, texts);
        }

        @Override
        public CompletableFuture<Answer<SrvRecord>> services(String name) {
            return answer("SRV " + name, name, services);
        }

        private <T> CompletableFuture<Answer<T>> answer(String question, String name, Map<String, Answer<T>> known) {
            asked.add(question);
            CompletableFuture<Void> wait = gate == null ? CompletableFuture.completedFuture(null) : gate;
            return wait.thenCompose(open -> failures.containsKey(name)
                    ? CompletableFuture.failedFuture(failures.get(name))
                    : CompletableFuture.completedFuture(known.getOrDefault(name, Answer.of(List.of()))));
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                open--;
            }
        }

        @Override
        public String toString() {
            return "the script";
        }
    }
}
