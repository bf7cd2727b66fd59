package io.peregrine.grpcjava;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.peregrine.client.ClientConn;
import io.peregrine.grpcjava.internal.CallbackThreads;
import io.peregrine.grpcjava.internal.FacadeChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A {@link ClientConn} as grpc-java's channel: what is written for that, generated stubs, interceptors and
 * instrumentation, works over it unchanged. Made by {@link PeregrineChannelBuilder}, or {@linkplain #over over} a
 * connection that there is. Safe for use by any number of threads.
 *
 * <p>Calls behave as grpc-java says, but for what docs/guides/grpc-java.md lists.
 */
public final class PeregrineChannel extends ManagedChannel {
    private final ClientConn conn;
    private final Executor executor;
    private final Channel calls;
    private volatile boolean shutDown;

    PeregrineChannel(ClientConn conn, Executor executor, Channel calls) {
        this.conn = conn;
        this.executor = executor;
        this.calls = calls;
    }

    /**
     * A channel over a connection that there is, whose owner may go on to use it. Listeners run on threads of the library
     * unless a call names an executor. To shut the channel down is to shut the connection down.
     */
    public static PeregrineChannel over(ClientConn conn) {
        Executor executor = CallbackThreads.shared();
        return new PeregrineChannel(conn, executor, new FacadeChannel(conn, executor));
    }

    /** What this channel is over, with all that grpc-java has no word for. */
    public ClientConn conn() {
        return conn;
    }

    @Override
    public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
        return calls.newCall(method, options);
    }

    @Override
    public String authority() {
        return conn.authority();
    }

    /** Refuses new calls; those under way go on. */
    @Override
    public ManagedChannel shutdown() {
        shutDown = true;
        conn.shutdown();
        return this;
    }

    /** Refuses new calls and ends those under way. */
    @Override
    public ManagedChannel shutdownNow() {
        shutDown = true;
        conn.shutdownNow();
        return this;
    }

    @Override
    public boolean isShutdown() {
        return shutDown || conn.state() == io.peregrine.client.ConnectivityState.SHUTDOWN;
    }

    @Override
    public boolean isTerminated() {
        return conn.isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return conn.awaitTermination(Duration.ofNanos(unit.toNanos(timeout)));
    }

    @Override
    public ConnectivityState getState(boolean requestConnection) {
        ConnectivityState state = toGrpc(conn.state());
        if (requestConnection && state == ConnectivityState.IDLE) {
            conn.connect();
        }
        return state;
    }

    /** Runs {@code callback} once, on the channel's executor, when the state is not {@code source} (any more). */
    @Override
    public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
        CompletableFuture<Void> unused = conn.stateChangedFrom(toNative(source)).thenRunAsync(callback, executor);
    }

    @Override
    public void resetConnectBackoff() {
        conn.resetConnectBackoff();
    }

    @Override
    public void enterIdle() {
        conn.enterIdle();
    }

    @Override
    public String toString() {
        return "PeregrineChannel[" + conn.target() + ", " + conn.state() + ']';
    }

    private static ConnectivityState toGrpc(io.peregrine.client.ConnectivityState state) {
        return switch (state) {
            case IDLE -> ConnectivityState.IDLE;
            case CONNECTING -> ConnectivityState.CONNECTING;
            case READY -> ConnectivityState.READY;
            case TRANSIENT_FAILURE -> ConnectivityState.TRANSIENT_FAILURE;
            case SHUTDOWN -> ConnectivityState.SHUTDOWN;
        };
    }

    private static io.peregrine.client.ConnectivityState toNative(ConnectivityState state) {
        return switch (state) {
            case IDLE -> io.peregrine.client.ConnectivityState.IDLE;
            case CONNECTING -> io.peregrine.client.ConnectivityState.CONNECTING;
            case READY -> io.peregrine.client.ConnectivityState.READY;
            case TRANSIENT_FAILURE -> io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
            case SHUTDOWN -> io.peregrine.client.ConnectivityState.SHUTDOWN;
        };
    }
}
