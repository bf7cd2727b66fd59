package io.peregrine.transport.io;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** The handlers of a backend, how many turns of their loops were allowed to block in the kernel, and until when. */
final class RecordingIoHandlers implements IoHandlerFactory {
    /** What a context says that has nothing on its calendar. */
    static final long NO_DEADLINE = -1;

    private volatile long lastDeadlineNs;
    private final IoHandlerFactory recorded;
    private final AtomicLong blockingTurns = new AtomicLong();
    private final AtomicLong pollingTurns = new AtomicLong();
    private volatile Awaited awaited = new Awaited(Long.MAX_VALUE, Long.MAX_VALUE, new CompletableFuture<>());

    private record Awaited(long blockingTurns, long pollingTurns, CompletableFuture<Void> reached) {}

    RecordingIoHandlers(IoHandlerFactory recorded) {
        this.recorded = recorded;
    }

    long blockingTurns() {
        return blockingTurns.get();
    }

    /** Until when the last turn was allowed to block that was allowed to. */
    long lastDeadlineNs() {
        return lastDeadlineNs;
    }

    /** Completes when as many more turns have looked for I/O without leave to block. */
    CompletableFuture<Void> morePollingTurns(long turns) {
        return await(Long.MAX_VALUE, pollingTurns.get() + turns);
    }

    /** Completes when one more turn had leave to block. */
    CompletableFuture<Void> anotherBlockingTurn() {
        return await(blockingTurns.get() + 1, Long.MAX_VALUE);
    }

    private CompletableFuture<Void> await(long blocking, long polling) {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        awaited = new Awaited(blocking, polling, reached);
        return reached;
    }

    @Override
    public boolean isChangingThreadSupported() {
        return recorded.isChangingThreadSupported();
    }

    @Override
    public IoHandler newHandler(ThreadAwareExecutor executor) {
        return new Recording(recorded.newHandler(executor));
    }

    private final class Recording implements IoHandler {
        private final IoHandler handler;

        Recording(IoHandler handler) {
            this.handler = handler;
        }

        @Override
        public int run(IoHandlerContext context) {
            if (context.canBlock()) {
                lastDeadlineNs = context.deadlineNanos();
                blockingTurns.incrementAndGet();
            } else {
                pollingTurns.incrementAndGet();
            }
            Awaited now = awaited;
            if (blockingTurns.get() >= now.blockingTurns || pollingTurns.get() >= now.pollingTurns) {
                now.reached.complete(null);
            }
            return handler.run(context);
        }

        @Override
        public void initialize() {
            handler.initialize();
        }

        @Override
        public void prepareToDestroy() {
            handler.prepareToDestroy();
        }

        @Override
        public void destroy() {
            handler.destroy();
        }

        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            return handler.register(handle);
        }

        @Override
        public void wakeup() {
            handler.wakeup();
        }

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return handler.isCompatible(handleType);
        }
    }
}
