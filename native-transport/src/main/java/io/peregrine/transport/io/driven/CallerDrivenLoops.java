package io.peregrine.transport.io.driven;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

/** A group of caller-driven loops, each with a guard thread of its own. */
public final class CallerDrivenLoops extends MultiThreadIoEventLoopGroup {
    /** So many loops; their guards' threads come from the factory when a loop gets its first task. */
    public CallerDrivenLoops(int loops, ThreadFactory guards, IoHandlerFactory handlerFactory) {
        this(loops, guards, handlerFactory, Guard.GRACE_NS);
    }

    /** As above, with a grace of its own: see {@link Guard#GRACE_NS}. */
    CallerDrivenLoops(int loops, ThreadFactory guards, IoHandlerFactory handlerFactory, long graceNs) {
        super(loops, guards, handlerFactory, graceNs);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlerFactory, Object... args) {
        return new CallerDrivenEventLoop(this, executor, handlerFactory, (Long) args[0]);
    }
}
