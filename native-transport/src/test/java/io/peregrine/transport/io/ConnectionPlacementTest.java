package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Channels are counted from their place to their close; whether they are registered does not matter. */
final class ConnectionPlacementTest {
    private static final long LIMIT_S = 30;

    private final EventLoops loops = EventLoops.create(IoBackend.NIO, 3, "placement");
    private final Map<EventLoop, List<Channel>> placed = new HashMap<>();

    @AfterEach
    void close() {
        loops.close();
    }

    @Test
    void connectionsOpenedAtOnceSpreadOverAllLoops() {
        place(9);

        assertThat(placed)
                .hasSize(3)
                .allSatisfy((loop, channels) -> assertThat(channels).hasSize(3));
    }

    @Test
    void newConnectionsGoWhereOthersWereClosed() {
        place(9);
        EventLoop emptied = loops.next();
        List<Channel> closed = requireNonNull(placed.get(emptied));
        closed.forEach(channel -> channel.close().syncUninterruptibly());
        closed.clear();

        place(3);

        assertThat(placed.get(emptied)).hasSize(3);
    }

    @Test
    void handlesOntoTheSameGroupCountTogether() {
        try (EventLoops first = EventLoops.shared();
                EventLoops second = EventLoops.shared()) {
            List<EventLoop> chosen = new ArrayList<>();
            for (int i = 0; i < first.size(); i++) {
                chosen.add((i % 2 == 0 ? first : second).place(new EmbeddedChannel()));
            }

            assertThat(chosen).doesNotHaveDuplicates();
        }
    }

    @Test
    void threadsThatPlaceAtOnceLeaveNoCountBehind() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Void>> openAndClose = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                openAndClose.add(() -> {
                    EmbeddedChannel channel = new EmbeddedChannel();
                    loops.place(channel);
                    channel.close().sync();
                    return null;
                });
            }
            for (Future<Void> done : threads.invokeAll(openAndClose, LIMIT_S, TimeUnit.SECONDS)) {
                done.get();
            }
        } finally {
            threads.shutdown();
        }

        place(9);

        assertThat(placed)
                .hasSize(3)
                .allSatisfy((loop, channels) -> assertThat(channels).hasSize(3));
    }

    @Test
    void placesNothingOnceClosed() {
        loops.close();

        assertThatIllegalStateException()
                .isThrownBy(() -> loops.place(new EmbeddedChannel()))
                .withMessageContaining("closed");
    }

    private void place(int connections) {
        for (int i = 0; i < connections; i++) {
            Channel channel = new EmbeddedChannel();
            placed.computeIfAbsent(loops.place(channel), loop -> new ArrayList<>())
                    .add(channel);
        }
    }
}
