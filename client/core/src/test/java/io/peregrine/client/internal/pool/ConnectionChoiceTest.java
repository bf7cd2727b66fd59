package io.peregrine.client.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.LeastAllocation;
import io.peregrine.client.connection.CallPlacement;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.transport.http2.ClientTransport;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SPEC CS-2 and CS-10: which connection a call takes. */
class ConnectionChoiceTest {
    private final List<FakeTransport> transports =
            IntStream.range(0, 3).mapToObj(n -> new FakeTransport()).toList();

    @Test
    void cs2TakesTheOldestThatHasRoom() {
        load(0, 2, 2);
        load(1, 1, 2);
        load(2, 0, 2);

        assertThat(choice(CallPlacement.OLDEST).choose()).isSameAs(transports.get(1));
    }

    @Test
    void cs2WithoutRoomTakesTheOneOverWhichTheFewestWait() {
        load(0, 9, 2);
        load(1, 5, 4);
        load(2, 4, 2);

        assertThat(choice(CallPlacement.OLDEST).choose()).isSameAs(transports.get(1));
    }

    @ParameterizedTest
    @EnumSource(CallPlacement.class)
    void cs2PassesOverWhatTakesNoCalls(CallPlacement placement) {
        transports.get(0).answer = ClientTransport.StartResult.CLOSED;
        transports.get(1).answer = ClientTransport.StartResult.CLOSED;

        for (int n = 0; n < 100; n++) {
            assertThat(choice(placement).choose()).isSameAs(transports.get(2));
        }
        transports.get(2).answer = ClientTransport.StartResult.CLOSED;
        assertThat(choice(placement).choose()).isNull();
    }

    @Test
    void cs10TheLessLoadedOfTwoNeverTakesTheMostLoaded() {
        load(0, 50, 100);
        load(1, 10, 100);
        load(2, 20, 100);
        Set<@Nullable ClientTransport> chosen = new HashSet<>();

        for (int n = 0; n < 1000; n++) {
            chosen.add(choice(CallPlacement.LEAST_LOADED).choose());
        }

        assertThat(chosen).containsExactlyInAnyOrder(transports.get(1), transports.get(2));
    }

    @Test
    void cs10AThreadStaysWithItsConnectionUntilThatIsFull() throws InterruptedException {
        ConnectionChoice choice = choice(CallPlacement.CALLING_THREAD);
        ClientTransport mine = Objects.requireNonNull(choice.choose());
        Set<@Nullable ClientTransport> chosen = new HashSet<>();

        for (int n = 0; n < 100; n++) {
            assertThat(choice.choose()).isSameAs(mine);
            Thread other = new Thread(() -> chosen.add(choice.choose()));
            other.start();
            other.join(10_000);
        }

        assertThat(chosen).as("threads spread").hasSize(3);
        ((FakeTransport) mine).capacity().set(5, 0, 5);
        assertThat(choice.choose()).isNotSameAs(mine);
    }

    @ParameterizedTest
    @EnumSource(CallPlacement.class)
    void cs2ChoosingAllocatesNothing(CallPlacement placement) {
        ConnectionChoice choice = choice(placement);
        long bytes = LeastAllocation.of(() -> {
            for (int n = 0; n < 2_000; n++) {
                choice.choose();
            }
        });

        assertThat(bytes).isLessThan(1_000);
    }

    private void load(int index, int open, int limit) {
        transports.get(index).capacity().set(open, 0, limit);
    }

    private ConnectionChoice choice(CallPlacement placement) {
        return new ConnectionChoice(List.copyOf(transports), placement);
    }
}
