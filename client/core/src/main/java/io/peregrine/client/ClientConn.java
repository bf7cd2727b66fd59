package io.peregrine.client;

import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.internal.BlockingCall;
import io.peregrine.client.internal.BlockingStream;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.CallbackCall;
import io.peregrine.client.internal.FutureCall;
import io.peregrine.client.internal.OptionDefaults;
import io.peregrine.client.internal.StreamCall;
import io.peregrine.client.internal.UnaryCall;
import io.peregrine.client.internal.chain.CallerDeadline;
import io.peregrine.client.internal.chain.StreamChain;
import io.peregrine.client.internal.chain.UnaryChain;
import io.peregrine.client.internal.control.ControlPlane;
import io.peregrine.client.internal.flow.ResponseFuture;
import io.peregrine.client.internal.flow.ResponsePublisher;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.driven.CallerWait;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A channel to a target: resolves its name, connects, balances and carries calls. Connects on the first call, or on
 * {@link #connect()}. Safe for use by any number of threads; make one for each target and keep it.
 *
 * <pre>{@code
 * try (ClientConn conn = ClientConn.builder("dns:///greeter.internal:443")
 *         .credentials(TlsCredentials.create())
 *         .build()) {
 *     HelloReply reply = conn.invoke(SAY_HELLO, request, CallOptions.deadlineAfter(Duration.ofMillis(50)));
 * }
 * }</pre>
 */
public final class ClientConn implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final String target;
    private final ControlPlane control;
    private final CallDispatcher dispatcher;
    private final OptionDefaults defaults;
    private final @Nullable UnaryChain unaryChain;
    private final @Nullable StreamChain streamChain;
    private volatile boolean shutDown;

    ClientConn(
            String target,
            ControlPlane control,
            CallDispatcher dispatcher,
            EventLoops eventLoops,
            boolean ownsEventLoops,
            CallOptions defaultOptions,
            List<UnaryInterceptor> unaryInterceptors,
            List<StreamInterceptor> streamInterceptors) {
        this.target = target;
        this.control = control;
        this.dispatcher = dispatcher;
        this.defaults = new OptionDefaults(defaultOptions);
        this.unaryChain = UnaryChain.of(unaryInterceptors, dispatcher, this::start);
        this.streamChain = StreamChain.of(streamInterceptors, dispatcher, this::start);
        if (ownsEventLoops) {
            CompletableFuture<Void> unused = control.terminated().thenRun(eventLoops::close);
        }
    }

    /**
     * Starts to describe a channel.
     *
     * @param target {@code scheme:[//authority]/endpoint}, for example {@code dns:///greeter.internal:443}; without a
     *     known scheme it is taken as {@code dns}
     */
    public static ClientConnBuilder builder(String target) {
        return new ClientConnBuilder(target);
    }

    /**
     * Says what every channel of this process has that is described from now on: the consumer is run on each new builder,
     * before whoever describes the channel sees it, so that its calls win over the built-in defaults, and the builder's own
     * win over them. There is one at a time; another takes its place. Channels that exist stay as they are.
     *
     * <p>For applications, and for agents that add to them; a library that sets it takes the choice from others. Safe for use
     * by several threads; the consumer runs on the threads that describe channels, and what it throws they get.
     *
     * @param defaults null for none, as in the beginning
     * @return those before, null for none: for whoever wants to restore them, or to run them first
     */
    public static @Nullable Consumer<ClientConnBuilder> globalDefaults(@Nullable Consumer<ClientConnBuilder> defaults) {
        return ClientConnBuilder.globalDefaults(defaults);
    }

    /**
     * Calls and waits for the response. Platform and virtual threads may call; not the event loop.
     *
     * @throws StatusException if the call does not end with OK
     * @throws IllegalStateException if called on an event loop, which would wait for itself
     * @throws IllegalArgumentException if the method has more than one request or response
     */
    public <Q, R> R invoke(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        CallOptions whole = defaults.under(options);
        if (unaryChain != null) {
            return awaitChain(unaryChain, method, request, whole).message();
        }
        CallerWait wait = beginWait(method);
        try {
            return startBlocking(method, request, whole).await();
        } finally {
            wait.end();
        }
    }

    /** As {@link #invoke}, and returns the server's metadata too. */
    public <Q, R> UnaryResponse<R> invokeForResponse(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        CallOptions whole = defaults.under(options);
        if (unaryChain != null) {
            return awaitChain(unaryChain, method, request, whole);
        }
        CallerWait wait = beginWait(method);
        try {
            return startBlocking(method, request, whole).awaitResponse();
        } finally {
            wait.end();
        }
    }

    /**
     * Calls and returns at once; the callback is told the end. It runs on the event loop unless the options name an
     * executor, and it may run before this method returns.
     *
     * @return what cancels the call
     */
    public <Q, R> Cancellable invokeAsync(
            MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback) {
        requireUnary(method);
        CallOptions whole = defaults.under(options);
        if (unaryChain != null) {
            return unaryChain.start(method, request, whole, callback);
        }
        CallbackCall<Q, R> call = CallbackCall.reused(dispatcher, method, whole, callback);
        Cancellable handle = call.handle();
        start(call, request);
        return handle;
    }

    /**
     * As {@link #invokeAsync}, for a caller that will not cancel: the call ends with its response, at its deadline, or
     * with the connection. In the steady state it allocates nothing but what the marshallers do, where the other has
     * 24 bytes to return.
     */
    public <Q, R> void invokeDetached(
            MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback) {
        requireUnary(method);
        CallOptions whole = defaults.under(options);
        if (unaryChain != null) {
            Cancellable unused = unaryChain.start(method, request, whole, callback);
            return;
        }
        start(CallbackCall.reused(dispatcher, method, whole, callback), request);
    }

    /**
     * Calls and returns a future, which fails with a {@link StatusException}. Dependent stages run on the event loop
     * unless the options name an executor. Cancelling the future cancels the call.
     */
    public <Q, R> CompletableFuture<R> invokeFuture(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        requireUnary(method);
        CallOptions whole = defaults.under(options);
        if (unaryChain != null) {
            return unaryChain.startFuture(method, request, whole);
        }
        FutureCall<Q, R> call = new FutureCall<>(dispatcher, method, whole);
        start(call, request);
        return call.future();
    }

    /**
     * Starts a call with streams for a caller that waits.
     *
     * @throws IllegalStateException if called on an event loop, which would wait for itself
     */
    public <Q, R> ClientStream<Q, R> newStream(MethodDescriptor<Q, R> method, CallOptions options) {
        requireNoEventLoop("newStream()");
        CallOptions whole = defaults.under(options);
        BlockingStream<Q, R> stream = new BlockingStream<>(method, whole.stackTraces(), CallerDeadline.giveUpNs(whole));
        CallerWait wait = CallerWait.begin();
        try {
            // The caller waits for no callback, and may itself be the executor's only thread.
            stream.begin(
                    streamChain == null
                            ? start(method, whole, stream, null)
                            : streamChain.start(method, CallerDeadline.withoutExecutor(whole), stream));
            stream.drives(wait.target());
        } finally {
            wait.end();
        }
        return new ClientStream<>(stream);
    }

    /**
     * As {@link #newStream}, with the request of a method that has one. If it cannot be marshalled, or is too large, the
     * first {@link ClientStream#receive} throws.
     *
     * @throws StatusException if the call fails before the request was taken
     * @throws IllegalArgumentException if the method has more than one request
     */
    public <Q, R> ClientStream<Q, R> newStream(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        requireOneRequest(method);
        ClientStream<Q, R> stream = newStream(method, options);
        stream.send(request);
        return stream;
    }

    /**
     * Starts a call with streams and returns at once; the callback is told what happens, and may be before this method
     * returns. Of many messages none arrives before it was {@linkplain ClientCall#request asked for}.
     */
    public <Q, R> ClientCall<Q> startCall(
            MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback) {
        CallOptions whole = defaults.under(options);
        if (streamChain != null) {
            return streamChain.start(method, whole, callback);
        }
        return start(method, whole, callback, whole.executor());
    }

    /**
     * As {@link #startCall(MethodDescriptor, CallOptions, StreamCallback)}, with the request of a method that has one. If it
     * cannot be marshalled, or is too large, the callback is told the failure.
     *
     * @throws IllegalArgumentException if the method has more than one request
     */
    public <Q, R> ClientCall<Q> startCall(
            MethodDescriptor<Q, R> method, Q request, CallOptions options, StreamCallback<R> callback) {
        requireOneRequest(method);
        ClientCall<Q> call = startCall(method, options, callback);
        if (!call.trySend(request)) {
            // An empty call has room for its first message; only what wraps it can refuse.
            call.cancel("an interceptor has no room for the only request", null);
        }
        return call;
    }

    /**
     * A call with one request, as a publisher of its responses. Each subscription makes a call; cancelling it cancels
     * that call, and a call that fails ends with a {@link StatusException}. Keeps the rules of Reactive Streams;
     * subscribers run where callbacks do: on the event loop, which they must not block, unless the options name an
     * executor.
     */
    public <Q, R> Flow.Publisher<R> publish(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        return ResponsePublisher.of(this::startCall, method, options, request);
    }

    /**
     * As {@link #publish(MethodDescriptor, Object, CallOptions)}, with many requests: each call subscribes to
     * {@code requests}, asks it for one message at a time while the call has room, and ends its requests when it
     * completes. If it fails, the call ends with CANCELLED and that cause; if the call ends first, the subscription to
     * it is cancelled.
     */
    public <Q, R> Flow.Publisher<R> publish(
            MethodDescriptor<Q, R> method, Flow.Publisher<? extends Q> requests, CallOptions options) {
        return ResponsePublisher.of(this::startCall, method, options, requests);
    }

    /**
     * Calls with the messages of {@code requests}, which are taken as
     * {@link #publish(MethodDescriptor, Flow.Publisher, CallOptions)} says, and returns the one response as
     * {@link #invokeFuture(MethodDescriptor, Object, CallOptions)} does.
     *
     * @throws IllegalArgumentException if the method has more than one response
     */
    public <Q, R> CompletableFuture<R> invokeFuture(
            MethodDescriptor<Q, R> method, Flow.Publisher<? extends Q> requests, CallOptions options) {
        return ResponseFuture.start(this::startCall, method, requests, options);
    }

    private <Q, R> ClientCall<Q> start(
            MethodDescriptor<Q, R> method,
            CallOptions options,
            StreamCallback<R> callback,
            @Nullable Executor executor) {
        StreamCall<Q, R> call = new StreamCall<>(dispatcher, method, options, callback, executor);
        start(call);
        return call;
    }

    private <Q, R> void start(StreamCall<Q, R> call) {
        if (shutDown) {
            call.reject(Status.of(StatusCode.UNAVAILABLE, "the channel is shut down"));
        } else {
            call.start();
        }
    }

    /** The target in its canonical form, with the scheme. */
    public String target() {
        return target;
    }

    /** The {@code :authority} of calls that do not name another, and what TLS verifies the host of (SPEC TG-5). */
    public String authority() {
        return dispatcher.authority();
    }

    /** The state now; it may have changed when the caller looks at it. */
    public ConnectivityState state() {
        return control.connectivity().state();
    }

    /** Completes with the state as soon as it is not {@code from}; intermediate states may be missed. */
    public CompletableFuture<ConnectivityState> stateChangedFrom(ConnectivityState from) {
        return control.connectivity().changedFrom(from);
    }

    /**
     * Tells the listener the state now, and then whenever it has changed, until it is cancelled or has been told
     * {@link ConnectivityState#SHUTDOWN}. States that a later one overtakes may be missed, the last one never, and it is not
     * told the same one twice in a row (SPEC CH-8). Runs on an event loop, one state at a time, and must not block; what it
     * throws is logged.
     *
     * @return what ends it
     */
    public Cancellable watchState(Consumer<ConnectivityState> listener) {
        return control.connectivity().watch(listener);
    }

    /**
     * What went wrong last with the resolver, the policy and the connections, each until it does well again: why the channel
     * is in {@link ConnectivityState#TRANSIENT_FAILURE}, or would be if it had no connection left. For people; the text may
     * change. Empty if nothing is wrong.
     */
    public String lastFailure() {
        return control.lastFailure();
    }

    /**
     * The connections by address and state, with their ages, the calls that they carry and those that wait. Stops nobody,
     * and costs calls nothing.
     */
    public PoolStats connectionStats() {
        return control.connectionStats();
    }

    /**
     * The connections that are open now, with those whose TLS handshake is under way; each tells its addresses and,
     * on demand, its TCP telemetry. Costs calls nothing.
     */
    public List<ConnectionInfo> connections() {
        return control.connections();
    }

    /** Begins to connect if the channel is idle; returns at once (SPEC CH-2, CH-3). */
    public void connect() {
        control.exitIdle();
    }

    /**
     * Tries at once what waits for the end of a backoff, connections and the resolver, and begins with the first delay again:
     * for a program that knows that the network is back (SPEC SC-6). Returns at once.
     */
    public void resetConnectBackoff() {
        control.resetConnectBackoff();
    }

    /**
     * Lets go of the connections and the resolver now, as after the {@linkplain ClientConnBuilder#idleTimeout idle timeout},
     * until the next call: for a program that knows that the network has changed. Calls under way end on their connections,
     * which close behind them; calls that wait connect again at once. Returns at once.
     */
    public void enterIdle() {
        control.enterIdle();
    }

    /**
     * Connects if the channel is idle, and waits until it is {@link ConnectivityState#READY}, so that the next call
     * finds a connection. Attempts that fail meanwhile are repeated after their backoff.
     *
     * @param timeout how long to wait; with 0 or less it only looks
     * @return false if the time runs out first, or the channel is shut down
     * @throws IllegalStateException if called on an event loop, which would wait for itself
     */
    public boolean awaitReady(Duration timeout) throws InterruptedException {
        requireNoEventLoop("awaitReady()");
        long limitNs = TimeUnit.MILLISECONDS.toNanos(saturatedMillis(timeout));
        long startNs = System.nanoTime();
        ConnectivityState seen = state();
        while (seen != ConnectivityState.READY && seen != ConnectivityState.SHUTDOWN) {
            if (seen == ConnectivityState.IDLE) {
                connect();
            }
            CompletableFuture<ConnectivityState> change = stateChangedFrom(seen);
            try {
                seen = change.get(limitNs - (System.nanoTime() - startNs), TimeUnit.NANOSECONDS);
            } catch (TimeoutException late) {
                return false;
            } catch (ExecutionException impossible) {
                throw new AssertionError(impossible);
            } finally {
                change.cancel(false);
            }
        }
        return seen == ConnectivityState.READY;
    }

    /**
     * Refuses new calls, with UNAVAILABLE; those under way go on, on a new connection if their server refuses them.
     * Idempotent.
     */
    public void shutdown() {
        shutDown = true;
        control.shutdown();
    }

    /** Refuses new calls and ends those under way with CANCELLED. Idempotent. */
    public void shutdownNow() {
        shutDown = true;
        dispatcher.kill();
        control.shutdownNow();
    }

    /** Whether the channel is shut down, its calls have ended and its connections are closed. */
    public boolean isTerminated() {
        return control.terminated().isDone();
    }

    /** Waits until the channel is shut down and its connections are closed; false if the time runs out first. */
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
        try {
            // In milliseconds, so that any duration that a program means fits.
            control.terminated().get(saturatedMillis(timeout), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException late) {
            return false;
        } catch (ExecutionException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /**
     * {@link #shutdownNow()}, and waits up to 5 s for the connections to close, unless called on an event loop or by a
     * thread that is interrupted.
     */
    @Override
    public void close() {
        shutdownNow();
        if (CallerWait.isForbidden()) {
            return;
        }
        try {
            awaitTermination(CLOSE_TIMEOUT);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "ClientConn[" + target + ", " + state() + ']';
    }

    private static long saturatedMillis(Duration duration) {
        try {
            return duration.toMillis();
        } catch (ArithmeticException beyondRange) {
            return duration.isNegative() ? 0 : Long.MAX_VALUE;
        }
    }

    private static void requireOneRequest(MethodDescriptor<?, ?> method) {
        if (!method.type().hasOneRequest()) {
            throw new IllegalArgumentException(
                    "method: " + method + ", which is " + method.type() + " (expected: one with one request)");
        }
    }

    /** Before anything of the call reaches an event loop. */
    private CallerWait beginWait(MethodDescriptor<?, ?> method) {
        requireUnary(method);
        requireNoEventLoop("invoke()");
        return CallerWait.begin();
    }

    private <Q, R> BlockingCall<Q, R> startBlocking(MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        BlockingCall<Q, R> call = BlockingCall.reused(dispatcher, method, options);
        start(call, request);
        return call;
    }

    private <Q, R> UnaryResponse<R> awaitChain(
            UnaryChain chain, MethodDescriptor<Q, R> method, Q request, CallOptions options) {
        requireUnary(method);
        requireNoEventLoop("invoke()");
        return chain.await(method, request, options);
    }

    private <Q, R> void start(UnaryCall<Q, R> call, Q request) {
        if (shutDown) {
            call.reject(Status.of(StatusCode.UNAVAILABLE, "the channel is shut down"));
        } else {
            call.start(request);
        }
    }

    private static void requireUnary(MethodDescriptor<?, ?> method) {
        if (method.type() != MethodType.UNARY) {
            throw new IllegalArgumentException(
                    "method: " + method + ", which is " + method.type() + " (expected: a unary one)");
        }
    }

    private void requireNoEventLoop(String what) {
        if (CallerWait.isForbidden()) {
            throw new IllegalStateException(what + " on an event loop of " + target
                    + " would wait for itself (expected: another thread, or an asynchronous call)");
        }
    }
}
