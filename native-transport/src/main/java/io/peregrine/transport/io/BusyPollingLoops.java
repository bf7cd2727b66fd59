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
 * Event loops that ask for I/O without pause while a channel is registered with them, and block in the kernel, as
 * other loops do, while none is.
 *
 * <p>It works alike for every backend, because each asks its context before it blocks: an {@code epoll_wait}, {@code
 * kevent} or {@code select} then returns at once, and io_uring looks at its completion queue without a system call.
 */
final class BusyPollingLoops extends MultiThreadIoEventLoopGroup {
    BusyPollingLoops(int threads, ThreadFactory threadFactory, IoHandlerFactory handlerFactory) {
        super(threads, threadFactory, handlerFactory);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlerFactory, Object... args) {
        return new Loop(this, executor, handlerFactory);
    }

    private static final class Loop extends SingleThreadIoEventLoop {
        private final IoHandlerContext context = new Context();

        Loop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlerFactory) {
            super(parent, executor, handlerFactory);
        }

        @Override
        protected int runIo() {
            int handled = ioHandler().run(context);
            if (handled == 0) {
                // Leaves the core's execution units to its other hardware thread for a moment.
                Thread.onSpinWait();
            }
            return handled;
        }

        /** A member, not an anonymous class: its methods reach protected ones of the loop. */
        private final class Context implements IoHandlerContext {
            @Override
            public boolean canBlock() {
                return getNumOfRegisteredChannels() == 0 && !hasTasks() && !hasScheduledTasks();
            }

            @Override
            public long delayNanos(long currentTimeNanos) {
                return Loop.this.delayNanos(currentTimeNanos);
            }

            @Override
            public long deadlineNanos() {
                return Loop.this.deadlineNanos();
            }
        }
    }
}
