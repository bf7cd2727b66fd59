package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each loop's handler is asked before it blocks, so that no clock is needed to see that it does not. */
final class ClientLoopsIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int MANY = 10_000;

    /** Long enough for a poll between two looks at the clock. */
    private static final long SPIN_NS = 5_000_000;

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void neverBlocksWhileAChannelIsRegistered(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "busy", new ClientLoops.Waiting(true, 0));
        EventLoop loop = group.next();
        try (LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults())) {
            long blockedBefore = loop.submit(handlers::blockingTurns).get(LIMIT.toSeconds(), TimeUnit.SECONDS);

            await(handlers.morePollingTurns(MANY));

            assertThat(handlers.blockingTurns()).isEqualTo(blockedBefore);
            assertThat(connection.client().isActive()).isTrue();
        }
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void seesTasksTimersAndBytesWhileItPolls(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "busy", new ClientLoops.Waiting(true, 0));
        EventLoop loop = group.next();
        try (LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults())) {
            await(handlers.morePollingTurns(MANY));

            assertThat(loop.submit(() -> "task").get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo("task");
            assertThat(loop.schedule(() -> "timer", 1, TimeUnit.MILLISECONDS).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo("timer");
            connection.client().writeAndFlush(Unpooled.copyLong(42)).sync();
            ByteBuffer received = ByteBuffer.allocate(Long.BYTES);
            while (received.hasRemaining() && connection.peer().read(received) >= 0) {
                // Reads on until all of it is there or the connection ends.
            }
            assertThat(received.flip().getLong()).isEqualTo(42);
        }
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void maySleepWithoutChannelsAndIsWokenByTasks(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "busy", new ClientLoops.Waiting(true, 0));
        EventLoop loop = group.next();
        LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults());
        await(handlers.morePollingTurns(1));

        CompletableFuture<Void> sleeps = handlers.anotherBlockingTurn();
        connection.close();

        await(sleeps);
        for (int i = 0; i < 100; i++) {
            int answer = i;
            assertThat(loop.submit(() -> answer).get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo(answer);
        }
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void anOrdinaryLoopMaySleepWithAChannel(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "ordinary", ClientLoops.Waiting.ASLEEP);
        EventLoop loop = group.next();
        try (LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults())) {
            CompletableFuture<Void> sleeps = handlers.anotherBlockingTurn();
            loop.submit(() -> {}).sync();

            await(sleeps);

            assertThat(connection.client().isActive()).isTrue();
        }
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void sleepsWithoutATimeoutWhenNothingIsOnTheCalendar(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "calendar", ClientLoops.Waiting.ASLEEP);
        EventLoop loop = group.next();
        CompletableFuture<Void> sleeps = handlers.anotherBlockingTurn();
        loop.submit(() -> {}).sync();
        await(sleeps);

        assertThat(handlers.lastDeadlineNs()).isEqualTo(RecordingIoHandlers.NO_DEADLINE);

        sleeps = handlers.anotherBlockingTurn();
        Future<?> calendar = loop.schedule(() -> {}, 1, TimeUnit.HOURS);
        await(sleeps);

        assertThat(handlers.lastDeadlineNs()).isNotEqualTo(RecordingIoHandlers.NO_DEADLINE);
        calendar.cancel(false);
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void spinsBeforeItSleepsWithAChannelOnly(IoBackend backend) throws Exception {
        RecordingIoHandlers handlers = recordingHandlers(backend);
        LoopGroup group = new LoopGroup(backend, handlers, 1, "spin", new ClientLoops.Waiting(false, SPIN_NS));
        EventLoop loop = group.next();
        CompletableFuture<Void> sleepsWithoutChannel = handlers.anotherBlockingTurn();
        loop.submit(() -> {}).sync();
        await(sleepsWithoutChannel);
        try (LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults())) {
            CompletableFuture<Void> polls = handlers.morePollingTurns(1);
            loop.submit(() -> {}).sync();
            await(polls);

            CompletableFuture<Void> sleeps = handlers.anotherBlockingTurn();
            await(sleeps);

            assertThat(loop.submit(() -> "woken").get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo("woken");
            assertThat(connection.client().isActive()).isTrue();
        }
        close(group);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void endsWithAConnectionStillOpen(IoBackend backend) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        EventLoops loops = EventLoops.builder()
                .backend(backend)
                .threads(1)
                .name("busy-end")
                .busyPoll(true)
                .build();
        EventLoop loop = loops.next();
        Thread thread = loop.submit(Thread::currentThread).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        LoopbackConnection connection = LoopbackConnection.tcp(loop, backend, SocketTuning.defaults());
        loops.track(connection.client());

        loops.close();

        await(loops.closeFuture());
        thread.join(LIMIT.toMillis());
        assertThat(thread.isAlive()).isFalse();
        assertThat(connection.client().isOpen()).isFalse();
        connection.close();
    }

    private static RecordingIoHandlers recordingHandlers(IoBackend backend) {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        return new RecordingIoHandlers(backend.newIoHandlerFactory());
    }

    private static void close(LoopGroup group) throws Exception {
        group.shutdown();
        await(group.terminated());
    }

    private static void await(CompletionStage<Void> stage) throws Exception {
        stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
}
