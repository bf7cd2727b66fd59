package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.resolver.HostLookup;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The system as a source of addresses: its look-ups block threads and cannot be ended. */
class SystemLookupTest {
    private static final InetAddress ADDRESS = Objects.requireNonNull(HostLookup.literal("10.0.0.1"));

    private final List<CompletableFuture<List<InetAddress>>> asked = new ArrayList<>();
    private final SystemLookup.Pending pending = new SystemLookup.Pending(host -> {
        CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
        asked.add(answer);
        return answer;
    });
    private final ScriptedLookup servers = new ScriptedLookup();

    @Test
    void aLookUpThatHangsOccupiesOneThreadHoweverOftenItIsAskedFor() {
        for (int i = 0; i < 100; i++) {
            try (Lookup round = round()) {
                assertThat(round.addresses("greeter.test")).isNotDone();
            }
        }

        assertThat(asked).hasSize(1);
    }

    @Test
    void aLookUpThatOutlastsItsRoundAnswersTheNext() {
        CompletableFuture<?> first = round().addresses("greeter.test");
        assertThat(first).isNotDone();
        CompletableFuture<Answer<InetAddress>> next = round().addresses("greeter.test");

        asked.get(0).complete(List.of(ADDRESS));

        assertThat(next.join().values()).containsExactly(ADDRESS);
        assertThat(next.join().ttlNs()).isEqualTo(Answer.NO_TTL);
    }

    @Test
    void dn7ANewRoundAsksAnewAndNothingIsCachedHere() {
        CompletableFuture<?> first = round().addresses("greeter.test");
        asked.get(0).complete(List.of(ADDRESS));
        assertThat(first).isDone();

        CompletableFuture<?> second = round().addresses("greeter.test");
        assertThat(second).isNotDone();

        assertThat(asked).hasSize(2);
    }

    @Test
    void dn8TextsComeFromNameServers() {
        servers.texts.put("_grpc_config.greeter.test", Answer.of(List.of("text")));

        assertThat(round().texts("_grpc_config.greeter.test").join().values()).containsExactly("text");
        assertThat(asked).isEmpty();
    }

    private Lookup round() {
        return new SystemLookup(pending, AddressFamilies.AS_JDK, servers.newRound());
    }
}
