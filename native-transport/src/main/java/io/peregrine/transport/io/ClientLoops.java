package io.peregrine.transport.io;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

/**
 * Event loops that differ from Netty's in how they wait. With nothing on the calendar they wait without a timeout: the
 * kernel then has no timer to set and to cancel in each turn. While a channel is registered they may poll before they
 * block, for a while if that pays, or for ever.
 *
 * <p>It works alike for every backend, because each asks its context before it blocks: an {@code epoll_wait}, {@code
 * kevent} or {@code select} then returns at once, and io_uring looks at its completion queue without a system call.
 *
 * <p>A handler that may not block never raises its flag "asleep", so that no producer pays for a wake-up of a loop that
 * polls (docs/decisions/0008).
 */
final class ClientLoops extends MultiThreadIoEventLoopGroup {
    /** How loops wait while a channel is registered. */
    record Waiting(boolean busyPoll, long spinNs) {
        /** They sleep in the kernel. */
        static final Waiting ASLEEP = new Waiting(false, 0);
    }

    ClientLoops(int threads, ThreadFactory threadFactory, IoHandlerFactory handlerFactory, Waiting waiting) {
        super(threads, threadFactory, handlerFactory, waiting);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlerFactory, Object... args) {
        return new Loop(this, executor, handlerFactory, (Waiting) args[0]);
    }

    private static final class Loop extends SingleThreadIoEventLoop {
        private final IoHandlerContext context = new Context();
        private final boolean busyPoll;
        private final AdaptiveSpin spin;

        /** Whether a spin is under way. Of the loop's thread alone, as the spin is. */
        private boolean spinning;

        Loop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlerFactory, Waiting waiting) {
            super(parent, executor, handlerFactory);
            this.busyPoll = waiting.busyPoll();
            this.spin = new AdaptiveSpin(waiting.spinNs());
        }

        @Override
        protected int runIo() {
            if (!spin.isOff() && context.canBlock() && getNumOfRegisteredChannels() > 0 && spin.begin()) {
                return spinThenBlock();
            }
            return busyPoll ? poll() : ioHandler().run(context);
        }

        private int poll() {
            int handled = ioHandler().run(context);
            if (handled == 0) {
                // Leaves the core's execution units to its other hardware thread for a moment.
                Thread.onSpinWait();
            }
            return handled;
        }

        private int spinThenBlock() {
            long startNs = System.nanoTime();
            spinning = true;
            try {
                do {
                    int handled = poll();
                    if (handled > 0 || hasTasks() || hasScheduledTasks()) {
                        spin.end(true);
                        return handled;
                    }
                } while (System.nanoTime() - startNs < spin.limitNs());
            } finally {
                spinning = false;
            }
            spin.end(false);
            return ioHandler().run(context);
        }

        /** A member, not an anonymous class: its methods reach protected ones of the loop. */
        private final class Context implements IoHandlerContext {
            @Override
            public boolean canBlock() {
                return !spinning
                        && !(busyPoll && getNumOfRegisteredChannels() > 0)
                        && !hasTasks()
                        && !hasScheduledTasks();
            }

            @Override
            public long delayNanos(long currentTimeNanos) {
                return Loop.this.delayNanos(currentTimeNanos);
            }

            /** -1 with nothing on the calendar, where Netty's own context says "in a second" to purge cancelled tasks. */
            @Override
            public long deadlineNanos() {
                return nextScheduledTaskDeadlineNanos();
            }
        }
    }
}
