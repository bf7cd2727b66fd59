package io.peregrine.grpcjava.internal;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that listeners run on unless the application names an executor: as many as there is work, like grpc-java's. */
public final class CallbackThreads {
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** Daemon threads, which end after a minute without work; so nobody has to close it. */
    private static final Executor SHARED = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "peregrine-callbacks-" + NUMBER.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    });

    private CallbackThreads() {}

    /** The executor of all channels that have no own. */
    public static Executor shared() {
        return SHARED;
    }
}
