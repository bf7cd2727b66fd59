package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.kqueue.KQueueIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EventLoopsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void runsOnNamedDaemonThreadsOfNettysKind() throws Exception {
        try (EventLoops loops = EventLoops.create(IoBackend.NIO, 2, "naming")) {
            List<Thread> threads = threadsOf(loops);

            assertThat(threads).extracting(Thread::getName).containsExactly("naming-1-1", "naming-1-2");
            assertThat(threads).allMatch(Thread::isDaemon).allMatch(FastThreadLocalThread.class::isInstance);
        }
    }

    @Test
    void namesTheBackendInThreadNamesByDefault() throws Exception {
        try (EventLoops loops = EventLoops.create(1)) {
            String backend = IoBackend.best().lowerCaseName();

            assertThat(threadsOf(loops).get(0).getName()).matches("peregrine-" + backend + "-\\d+-1");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void loopsAreOfTheBackendAskedFor(IoBackend backend) {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        try (EventLoops loops = EventLoops.create(backend, 1, "backend")) {
            assertThat(loops.backend()).isEqualTo(backend);
            IoEventLoop loop = (IoEventLoop) loops.next();
            assertThat(loop.isIoType(handlerType(backend))).isTrue();
        }
    }

    @Test
    void takesLoopsInTurn() {
        try (EventLoops loops = EventLoops.create(3)) {
            List<EventLoop> firstRound = List.of(loops.next(), loops.next(), loops.next());
            List<EventLoop> secondRound = List.of(loops.next(), loops.next(), loops.next());

            assertThat(new HashSet<>(firstRound)).hasSize(3);
            assertThat(secondRound).isEqualTo(firstRound);
            assertThat(loops.size()).isEqualTo(3);
        }
    }

    @Test
    void sharesOneGroupUntilTheLastHandleIsClosed() throws Exception {
        EventLoops first = EventLoops.shared();
        EventLoops second = EventLoops.shared();
        List<Thread> threads = threadsOf(first);
        assertThat(threadsOf(second)).containsExactlyInAnyOrderElementsOf(threads);
        assertThat(first.size()).isEqualTo(Runtime.getRuntime().availableProcessors());

        first.close();
        first.close();

        assertThat(threadsOf(second)).allMatch(Thread::isAlive);
        assertThat(second.closeFuture().toCompletableFuture()).isNotDone();

        second.close();

        awaitClosed(second);
        awaitClosed(first);
        assertGone(threads);
    }

    @Test
    void makesTheSharedGroupAfreshAfterItEnded() throws Exception {
        EventLoops before = EventLoops.shared();
        List<Thread> threadsBefore = threadsOf(before);
        before.close();
        awaitClosed(before);

        try (EventLoops after = EventLoops.shared()) {
            assertThat(threadsOf(after)).doesNotContainAnyElementsOf(threadsBefore);
        }
        assertGone(threadsBefore);
    }

    @Test
    void keepsTheSharedGroupForWhoComesBackSoon() throws Exception {
        EventLoops before = EventLoops.shared();
        List<Thread> threads = threadsOf(before);
        before.close();

        EventLoops between = EventLoops.shared();
        between.close();
        try (EventLoops after = EventLoops.shared()) {
            assertThat(threadsOf(after)).containsExactlyInAnyOrderElementsOf(threads);
            assertThat(after.closeFuture().toCompletableFuture()).isNotDone();
        }
        awaitClosed(before);
        assertGone(threads);
    }

    @Test
    void leavesNoThreadBehindWhenAnOwnGroupIsClosed() throws Exception {
        EventLoops loops = EventLoops.create(2);
        List<Thread> threads = threadsOf(loops);

        loops.close();

        awaitClosed(loops);
        assertGone(threads);
    }

    @Test
    void closesWithoutHavingRunAnything() throws Exception {
        EventLoops loops = EventLoops.create(1);

        loops.close();

        awaitClosed(loops);
    }

    @Test
    void handsOutNoLoopOnceClosed() {
        EventLoops loops = EventLoops.create(1);
        loops.close();

        assertThatIllegalStateException().isThrownBy(loops::next).withMessageContaining("closed");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1025})
    void refusesThreadsOutOfRange(int threads) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLoops.create(threads))
                .withMessage("threads: " + threads + " (expected: 1..1024)");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1, 999, 10_000_001})
    void refusesASpinOutOfRange(long spinNs) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLoops.builder().spin(Duration.ofNanos(spinNs)))
                .withMessage("spin: " + Duration.ofNanos(spinNs) + " (expected: PT0S, or 1 us..10 ms)");
    }

    @Test
    void refusesABlankName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLoops.create(IoBackend.NIO, 1, " "))
                .withMessageContaining("name: blank");
    }

    private static Class<? extends IoHandler> handlerType(IoBackend backend) {
        return switch (backend) {
            case EPOLL -> EpollIoHandler.class;
            case IO_URING -> IoUringIoHandler.class;
            case KQUEUE -> KQueueIoHandler.class;
            case NIO -> NioIoHandler.class;
        };
    }

    private static List<Thread> threadsOf(EventLoops loops) throws Exception {
        Set<EventLoop> distinct = new LinkedHashSet<>();
        for (int i = 0; i < loops.size(); i++) {
            distinct.add(loops.next());
        }
        List<Thread> threads = new ArrayList<>();
        for (EventLoop loop : distinct) {
            threads.add(loop.submit(Thread::currentThread).get(LIMIT.toSeconds(), TimeUnit.SECONDS));
        }
        return threads;
    }

    private static void awaitClosed(EventLoops loops) throws Exception {
        loops.closeFuture().toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** The last task completes the close future; the thread needs another moment to end. */
    private static void assertGone(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join(LIMIT.toMillis());
            assertThat(thread.isAlive()).as(thread.getName()).isFalse();
        }
    }
}
