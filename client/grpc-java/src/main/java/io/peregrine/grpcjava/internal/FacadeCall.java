package io.peregrine.grpcjava.internal;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.peregrine.client.internal.control.TransportListener;
import io.peregrine.transport.http2.ClientTransport;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of all kinds have in common: the rules of {@link ClientCall}, the call's {@link Context} and deadline,
 * and the way of its events to the listener.
 *
 * <p>Events are delivered one at a time by one task, this object, on the call's executor: {@link #pending} counts what
 * was signalled, who raises it from 0 hands the task over, and the task goes on until it has brought it back to 0. So an
 * executor that runs the task at once costs no hop, and one with many threads never runs two listener methods at a time.
 *
 * <p>As grpc-java says, the methods of an application are for one thread at a time, but for {@link #cancel} and
 * {@link #request}, which any thread may call.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
abstract class FacadeCall<Q, R> extends ClientCall<Q, R>
        implements Runnable, Context.CancellationListener, TransportListener {
    private static final System.Logger LOG = System.getLogger(FacadeCall.class.getName());
    private static final Executor DIRECT = Runnable::run;
    private static final VarHandle PENDING;

    static {
        try {
            PENDING = MethodHandles.lookup().findVarHandle(FacadeCall.class, "pending", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    final FacadeChannel channel;
    final BridgedMethod<Q, R> method;
    final CallOptions options;
    private final Executor executor;
    private final Context context = Context.current();

    // Of the application's thread, but for what says otherwise.
    private @Nullable Listener<R> listener;
    private boolean deadlineIsOfContext;
    private long timeoutNs;
    private boolean halfClosed;

    /** Written before the call goes on its way. */
    private @Nullable CallTracers tracers;

    /** Why this side cancelled the call; the first one counts. Written before the native call is looked for. */
    private volatile @Nullable Status cancelled;

    private volatile boolean cancelCalled;

    /** Written before the call leaves its context, and read after it has entered it. */
    private volatile boolean left;

    /** Written by the native call before what its stream tells, and read by anybody. */
    private volatile @Nullable ClientTransport transport;

    /** Set by whoever finds that the executor takes no tasks, which then is the task. */
    private volatile @Nullable Throwable rejection;

    /** See above. */
    @SuppressWarnings("unused") // accessed through PENDING
    private volatile int pending;

    FacadeCall(FacadeChannel channel, BridgedMethod<Q, R> method, CallOptions options) {
        this.channel = channel;
        this.method = method;
        this.options = options;
        Executor own = options.getExecutor();
        this.executor = own == null ? channel.executor() : own;
    }

    // ---- ClientCall ------------------------------------------------------------------------------------------

    @Override
    public final void start(Listener<R> responseListener, Metadata headers) {
        checkState(listener == null, "Already started");
        checkState(!cancelCalled, "call was cancelled");
        listener = Objects.requireNonNull(responseListener, "responseListener");
        Objects.requireNonNull(headers, "headers");
        if (context.isCancelled()) {
            endUnsent(Contexts.statusFromCancelled(context));
            return;
        }
        Deadline ofContext = context.getDeadline();
        Deadline ofOptions = options.getDeadline();
        deadlineIsOfContext = ofContext != null && (ofOptions == null || ofContext.isBefore(ofOptions));
        Deadline effective = deadlineIsOfContext ? ofContext : ofOptions;
        if (effective != null && effective.isExpired()) {
            endUnsent(Deadlines.expiredAtStart(effective, deadlineIsOfContext));
            return;
        }
        timeoutNs = effective == null ? Long.MAX_VALUE : effective.timeRemaining(TimeUnit.NANOSECONDS);
        Metadata outbound = headers;
        if (!options.getStreamTracerFactories().isEmpty()) {
            outbound = new Metadata();
            outbound.merge(headers);
            CallTracers told = CallTracers.of(options, outbound);
            told.onStart(outbound);
            tracers = told;
        }
        begin(outbound);
        context.addListener(this, DIRECT);
        if (left) {
            // It ended before it was added.
            context.removeListener(this);
        }
    }

    @Override
    public final void cancel(@Nullable String message, @Nullable Throwable cause) {
        Throwable reason = cause;
        if (message == null && cause == null) {
            reason = new CancellationException("Cancelled without a message or cause");
            LOG.log(System.Logger.Level.WARNING, "a call of " + method + " was cancelled without a reason", reason);
        }
        if (cancelCalled) {
            return;
        }
        cancelCalled = true;
        if (listener != null) {
            String description = message == null ? "Call cancelled without message" : message;
            cancelWith(Status.CANCELLED.withDescription(description).withCause(reason));
        }
    }

    /** The context was cancelled, perhaps by its deadline. */
    @Override
    public final void cancelled(Context ended) {
        if (deadlineIsOfContext && ended.cancellationCause() instanceof TimeoutException) {
            cancelWith(Deadlines.exceeded(timeoutNs, true, "the context's deadline passed"));
        } else {
            cancelWith(Contexts.statusFromCancelled(ended));
        }
    }

    @Override
    public final void halfClose() {
        checkState(listener != null, "Not started");
        checkState(!cancelCalled, "call was cancelled");
        checkState(!halfClosed, "call already half-closed");
        halfClosed = true;
        endRequests();
    }

    @Override
    public final void sendMessage(Q message) {
        checkState(listener != null, "Not started");
        checkState(!cancelCalled, "call was cancelled");
        checkState(!halfClosed, "call was half-closed");
        Object outbound;
        try {
            outbound = method.outbound(message);
        } catch (RuntimeException unreadable) {
            cancelWith(Status.CANCELLED.withCause(unreadable).withDescription("Failed to stream message"));
            return;
        } catch (Error fatal) {
            cancelWith(Status.CANCELLED.withDescription("Client sendMessage() failed with Error"));
            throw fatal;
        }
        CallTracers told = tracers;
        if (told != null) {
            told.onSent(method.nativeMethod().requestMarshaller().encodedSize(outbound));
        }
        send(outbound);
    }

    @Override
    public final void request(int messages) {
        checkState(listener != null, "Not started");
        if (messages < 0) {
            throw new IllegalArgumentException("Number requested must be non-negative: " + messages);
        }
        if (messages > 0) {
            demand(messages);
        }
    }

    @Override
    public final boolean isReady() {
        return listener != null && !halfClosed && hasRoom();
    }

    @Override
    public final void setMessageCompression(boolean enabled) {
        checkState(listener != null, "Not started");
        compress(enabled);
    }

    @Override
    public final Attributes getAttributes() {
        return TransportAttributes.of(transport);
    }

    @Override
    public final void onTransport(ClientTransport carrier) {
        transport = carrier;
    }

    @Override
    public final String toString() {
        return "PeregrineCall[" + method + ']';
    }

    // ---- Of the kinds of calls -------------------------------------------------------------------------------

    /** The call goes on its way, or will when its request is there. */
    abstract void begin(Metadata headers);

    abstract void send(Object outbound);

    abstract void endRequests();

    abstract void demand(int messages);

    abstract boolean hasRoom();

    abstract void compress(boolean on);

    /** Ends the native call, if there is one; else the call itself. {@link #cancelStatus} says why. Any thread. */
    abstract void cancelNative();

    /** Ends a call that never went on its way. */
    abstract void endUnsent(Status status);

    /** Tells the listener what there is to tell. By the task only. */
    abstract void deliver(Listener<R> to);

    // ---- For them --------------------------------------------------------------------------------------------

    /** Null if nobody traces the call. */
    final @Nullable CallTracers tracers() {
        return tracers;
    }

    /** The native options of this call. */
    final io.peregrine.client.CallOptions nativeOptions(Metadata headers) {
        return OptionsBridge.toNative(options, timeoutNs, headers, channel);
    }

    /** Why this side cancelled the call, or null. */
    final @Nullable Status cancelStatus() {
        return cancelled;
    }

    /** Ends the call with {@code status}, unless it ends by itself first. Any thread. */
    final void cancelWith(Status status) {
        if (cancelled == null) {
            cancelled = status;
        }
        cancelNative();
    }

    /** What the listener is told of a native failure. */
    final Status statusOf(io.peregrine.client.StatusException failure) {
        Status own = cancelled;
        if (own != null && failure.code() == io.peregrine.client.StatusCode.CANCELLED) {
            return own;
        }
        return timeoutNs != Long.MAX_VALUE && StatusBridge.isLocalDeadline(failure)
                ? Deadlines.exceeded(timeoutNs, deadlineIsOfContext, failure.getMessage())
                : StatusBridge.toGrpc(failure);
    }

    /** Nothing will be heard of the call any more but what {@link #deliver} has to tell. */
    final void leaveContext() {
        left = true;
        context.removeListener(this);
    }

    /** There is something to deliver. Any thread. */
    final void signal() {
        if ((int) PENDING.getAndAdd(this, 1) == 0) {
            try {
                executor.execute(this);
            } catch (RuntimeException | Error rejected) {
                onRejected(rejected);
            }
        }
    }

    /** The call's executor rejected its task: it ends on this thread. */
    private void onRejected(Throwable rejected) {
        LOG.log(System.Logger.Level.WARNING, "the executor of a call of " + method + " rejected its task", rejected);
        rejection = rejected;
        cancelWith(Status.CANCELLED
                .withDescription("the call's executor rejected its callback")
                .withCause(rejected));
        run();
    }

    final boolean isRejected() {
        return rejection != null;
    }

    @Override
    public final void run() {
        Listener<R> to = listener;
        assert to != null;
        Context previous = context.attach();
        try {
            int seen = 1;
            do {
                deliver(to);
                seen = (int) PENDING.getAndAdd(this, -seen) - seen;
            } while (seen != 0);
        } finally {
            context.detach(previous);
        }
    }

    /** The end. What the listener throws is logged, and goes no further. */
    final void close(Listener<R> to, Status status, Metadata trailers) {
        try {
            to.onClose(status, trailers);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "onClose of a call of " + method + " threw", thrown);
        }
    }

    private static void checkState(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
