package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CommandQueueTest {
    private static final int PRODUCERS = 4;
    private static final int COMMANDS = 50_000;

    private final EventLoop loop = new DefaultEventLoop();

    @AfterEach
    void shutDown() throws InterruptedException {
        endNow(loop);
        assertThat(loop.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void drainsOnceForAllThatWasOffered() {
        EmbeddedChannel channel = new EmbeddedChannel();
        Recorder recorder = new Recorder(3);
        CommandQueue queue = new CommandQueue(channel.eventLoop(), 64, recorder);

        assertThat(queue.offer(0) && queue.offer(1) && queue.offer(2)).isTrue();
        assertThat(recorder.count()).isZero();
        channel.runPendingTasks();

        assertThat(recorder.count()).isEqualTo(3);
        assertThat(recorder.drains.get()).isEqualTo(1);
        channel.finish();
    }

    @Test
    void refusesCommandsBeyondItsCapacityAndTakesThemAgainLater() {
        EmbeddedChannel channel = new EmbeddedChannel();
        Recorder recorder = new Recorder(65);
        CommandQueue queue = new CommandQueue(channel.eventLoop(), 64, recorder);

        for (int i = 0; i < 64; i++) {
            assertThat(queue.offer(i)).isTrue();
        }
        assertThat(queue.offer(64)).isFalse();
        channel.runPendingTasks();

        assertThat(queue.offer(64)).isTrue();
        channel.runPendingTasks();
        assertThat(recorder.count()).isEqualTo(65);
        channel.finish();
    }

    @Test
    void givesOthersATurnAfterABatch() {
        EmbeddedChannel channel = new EmbeddedChannel();
        List<Integer> seenBetween = new ArrayList<>();
        Recorder recorder = new Recorder(3000);
        CommandQueue queue = new CommandQueue(channel.eventLoop(), 4096, recorder);
        for (int i = 0; i < 3000; i++) {
            assertThat(queue.offer(i)).isTrue();
        }
        channel.eventLoop().execute(() -> seenBetween.add(recorder.count()));

        channel.runPendingTasks();

        assertThat(seenBetween).containsExactly(1024);
        assertThat(recorder.count()).isEqualTo(3000);
        assertThat(recorder.drains.get()).isEqualTo(3);
        channel.finish();
    }

    @Test
    void drainsAgainForWhatIsOfferedFromInside() {
        EmbeddedChannel channel = new EmbeddedChannel();
        List<Object> taken = new ArrayList<>();
        CommandQueue[] self = new CommandQueue[1];
        CommandQueue queue = new CommandQueue(channel.eventLoop(), 64, new CommandQueue.Consumer() {
            private boolean offered;

            @Override
            public void onCommand(Object command) {
                taken.add(command);
            }

            @Override
            public void onDrained() {
                if (!offered) {
                    offered = true;
                    assertThat(self[0].offer("from inside")).isTrue();
                }
            }
        });
        self[0] = queue;

        assertThat(queue.offer("from outside")).isTrue();
        channel.runPendingTasks();

        assertThat(taken).containsExactly("from outside", "from inside");
        channel.finish();
    }

    @Test
    void takesEachCommandOfManyProducersOnce() throws InterruptedException {
        Recorder recorder = new Recorder(PRODUCERS * COMMANDS);
        CommandQueue queue = new CommandQueue(loop, 1024, recorder);

        produce(queue);

        assertThat(recorder.all.await(60, TimeUnit.SECONDS)).isTrue();
        recorder.verify();
    }

    @Test
    void takesEachCommandOnceWhileTheLoopIsShutDownUnderIt() throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            EventLoop dying = new DefaultEventLoop();
            Recorder recorder = new Recorder(PRODUCERS * 2000);
            CommandQueue queue = new CommandQueue(dying, 1024, recorder);
            recorder.afterCommand(1000, () -> endNow(dying));

            produce(queue, 2000);

            assertThat(recorder.all.await(60, TimeUnit.SECONDS)).isTrue();
            recorder.verify();
            assertThat(dying.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static void endNow(EventLoop loop) {
        Future<?> unused = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    private static void produce(CommandQueue queue) throws InterruptedException {
        produce(queue, COMMANDS);
    }

    private static void produce(CommandQueue queue, int commands) throws InterruptedException {
        List<Thread> producers = new ArrayList<>();
        for (int producer = 0; producer < PRODUCERS; producer++) {
            int first = producer * commands;
            producers.add(new Thread(() -> {
                for (int i = 0; i < commands; i++) {
                    while (!queue.offer(first + i)) {
                        Thread.onSpinWait();
                    }
                }
            }));
        }
        producers.forEach(Thread::start);
        for (Thread producer : producers) {
            producer.join(TimeUnit.SECONDS.toMillis(60));
            assertThat(producer.isAlive()).isFalse();
        }
    }

    /** Notes each number that it takes, and whether two threads were ever inside at once. */
    private static final class Recorder implements CommandQueue.Consumer {
        final CountDownLatch all;
        final AtomicInteger drains = new AtomicInteger();
        private final int expected;
        private final BitSet taken = new BitSet();
        private final AtomicInteger inside = new AtomicInteger();
        private final AtomicInteger count = new AtomicInteger();
        private volatile boolean overlapped;
        private volatile boolean repeated;
        private int triggerAt = -1;
        private Runnable trigger = () -> {};

        Recorder(int expected) {
            this.expected = expected;
            this.all = new CountDownLatch(expected);
        }

        void afterCommand(int number, Runnable action) {
            triggerAt = number;
            trigger = action;
        }

        int count() {
            return count.get();
        }

        @Override
        public void onCommand(Object command) {
            overlapped |= inside.getAndIncrement() != 0;
            int number = (Integer) command;
            repeated |= taken.get(number);
            taken.set(number);
            if (count.incrementAndGet() == triggerAt) {
                trigger.run();
            }
            inside.decrementAndGet();
            all.countDown();
        }

        @Override
        public void onDrained() {
            drains.incrementAndGet();
        }

        void verify() {
            assertThat(overlapped).as("two consumers at once").isFalse();
            assertThat(repeated).as("a command taken twice").isFalse();
            assertThat(count.get()).isEqualTo(expected);
        }
    }
}
