package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.MessageFramer;
import io.peregrine.allocation.MessageSizeException;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportStream;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One unary call, from the encoded request to its single end.
 *
 * <p>At any time a call has one owner, the only one who may end it or move it on: the thread that dispatches it, then
 * either the picker's queue (until {@link PickerSnapshot} hands it back, or a deadline or a cancel removes it) or the
 * transport that accepted its attempt (until the attempt's last callback). So it ends exactly once without a lock or
 * an atomic step of its own.
 *
 * <p>A cancel from another thread does not end the call; it tells the owner. It writes {@link #cancelled} and then
 * looks for the attempt; the dispatching thread publishes the attempt and then looks at {@link #cancelled}, so one of
 * the two sees the other. In the same way {@link #queueDeadlinePassed} and the picker's queue see each other.
 *
 * @param <Q> the request
 * @param <R> the response
 */
public abstract class UnaryCall<Q, R> implements Cancellable, PickInfo, PickerSnapshot.Waiter {
    /** A stop for a fault that makes transports accept and refuse in turn (SPEC RT-7). */
    private static final int MAX_UNPROCESSED = 1000;

    private static final System.Logger LOG = System.getLogger(UnaryCall.class.getName());

    private final CallDispatcher dispatcher;
    private final MethodDescriptor<Q, R> method;
    private final CallOptions options;
    private final RequestHeaders headers;
    private final long deadlineNs;
    private @Nullable ByteBuf request;
    private int unprocessedAttempts;
    private boolean refusedBefore;
    private @Nullable ScheduledFuture<?> queueDeadline;
    private @Nullable String lastPickFailure;
    private @Nullable Metadata heldHeaders;

    /** The attempt under way; pairs with {@link #cancelled} as the class says. */
    private volatile @Nullable Attempt<R> attempt;

    private volatile boolean cancelled;

    /** The timer fired, perhaps while the call was between two waits; pairs with the picker's queue. */
    private volatile boolean queueDeadlinePassed;

    UnaryCall(CallDispatcher dispatcher, MethodDescriptor<Q, R> method, CallOptions options) {
        this.dispatcher = dispatcher;
        this.method = method;
        this.options = options;
        this.headers = dispatcher.headersOf(method);
        long timeoutNs = options.timeoutNs();
        this.deadlineNs =
                timeoutNs == Long.MAX_VALUE ? TransportStream.NO_DEADLINE : deadline(System.nanoTime(), timeoutNs);
    }

    /** Encodes the request and sends it on its way. Called once. */
    public final void start(Q message) {
        Status encoded = encode(message);
        if (encoded.isOk()) {
            dispatch();
        } else {
            end(encoded, null, Metadata.EMPTY);
        }
    }

    /** Ends a call that is not to be started. */
    public final void reject(Status status) {
        end(status, null, Metadata.EMPTY);
    }

    @Override
    public final void cancel() {
        cancelled = true;
        if (dispatcher.pickers().remove(this)) {
            end(Status.of(StatusCode.CANCELLED, "cancelled while waiting for a connection"), null, Metadata.EMPTY);
            return;
        }
        Attempt<R> current = attempt;
        if (current != null) {
            current.cancel();
        }
    }

    @Override
    public final MethodDescriptor<Q, R> method() {
        return method;
    }

    @Override
    public final CallOptions options() {
        return options;
    }

    /** The end: {@code response} is null unless the status is OK. On the thread that {@link #end} chose. */
    abstract void deliver(Status status, @Nullable R response, Metadata trailers);

    /** The server's headers, if they held metadata. On the event loop. */
    abstract void deliverHeaders(Metadata responseHeaders);

    final StatusException failure(Status status, Metadata trailers, boolean withStackTrace) {
        Attempt<R> last = attempt;
        String where = "target " + dispatcher.target() + ", method " + method.fullName()
                + (last == null ? "" : ", peer " + last.peer());
        return new StatusException(status, trailers, where, withStackTrace);
    }

    // ---- Dispatch --------------------------------------------------------------------------------------------

    private Status encode(Q message) {
        try {
            request = MessageFramer.frame(
                    dispatcher.allocator(), method.requestMarshaller(), message, dispatcher.maxOutboundMessageBytes());
            return Status.OK;
        } catch (MessageSizeException tooLarge) {
            return Status.of(StatusCode.RESOURCE_EXHAUSTED, "request: " + tooLarge.getMessage());
        } catch (RuntimeException | Error marshallerFailed) {
            return new Status(
                    StatusCode.INTERNAL, "the request cannot be marshalled: " + marshallerFailed, marshallerFailed);
        }
    }

    private void dispatch() {
        PickerSnapshot pickers = dispatcher.pickers();
        while (!cancelled) {
            Picker picker = pickers.current();
            PickResult picked = pick(picker);
            if (picked.subConn() instanceof SubConnection subConnection) {
                if (startOn(subConnection)) {
                    return;
                }
                // It is not READY any more; wait for the picker that knows (PK-7).
            } else if (picked.subConn() == null && picked != PickResult.queue()) {
                if (picked.isDrop() || !Boolean.TRUE.equals(options.waitForReady())) {
                    end(ControlPlaneStatus.restrict(picked.status()), null, Metadata.EMPTY);
                    return;
                }
                lastPickFailure = picked.status().message();
            }
            if (awaitSuccessorOf(picker)) {
                return;
            }
        }
        end(Status.of(StatusCode.CANCELLED, "cancelled before the request was sent"), null, Metadata.EMPTY);
    }

    /** A policy's fault fails this call and no other (HOSTILE.md P12). */
    private PickResult pick(Picker picker) {
        try {
            return picker.pick(this);
        } catch (RuntimeException | Error thrown) {
            return PickResult.drop(new Status(StatusCode.INTERNAL, "the picker threw: " + thrown, thrown));
        }
    }

    /** True if the call has moved on; false if the subchannel takes no calls. */
    private boolean startOn(SubConnection subConnection) {
        ClientTransport transport = subConnection.transport();
        if (transport == null) {
            return false;
        }
        ByteBuf framed = request;
        assert framed != null;
        Attempt<R> next = new Attempt<>(this, transport, headers, framed, deadlineNs);
        attempt = next;
        switch (transport.start(next)) {
            case ACCEPTED -> {
                if (cancelled) {
                    next.cancel();
                }
                return true;
            }
            case OVERLOADED -> {
                end(
                        Status.of(StatusCode.RESOURCE_EXHAUSTED, "the queue to the connection's event loop is full"),
                        null,
                        Metadata.EMPTY);
                return true;
            }
            case CLOSED -> {
                attempt = null;
                return false;
            }
            default -> throw new AssertionError();
        }
    }

    /** True if the call has moved on; false if there is a new picker already. */
    private boolean awaitSuccessorOf(Picker picker) {
        if (deadlineNs != TransportStream.NO_DEADLINE && queueDeadline == null && !scheduleQueueDeadline()) {
            return true;
        }
        switch (dispatcher.pickers().await(this, picker)) {
            case WAITING -> {
                if (cancelled && dispatcher.pickers().remove(this)) {
                    end(Status.of(StatusCode.CANCELLED, "cancelled while waiting"), null, Metadata.EMPTY);
                } else if (queueDeadlinePassed && dispatcher.pickers().remove(this)) {
                    end(queueDeadlineExceeded(), null, Metadata.EMPTY);
                }
                return true;
            }
            case REPLACED -> {
                return false;
            }
            case FULL -> {
                end(
                        Status.of(
                                StatusCode.RESOURCE_EXHAUSTED,
                                "too many calls wait for a connection: "
                                        + dispatcher.pickers().waiting()),
                        null,
                        Metadata.EMPTY);
                return true;
            }
            default -> throw new AssertionError();
        }
    }

    @Override
    public final void onNewPicker() {
        dispatch();
    }

    /** False if the call has ended because there is no time, or no timer, left. */
    private boolean scheduleQueueDeadline() {
        long leftNs = deadlineNs - System.nanoTime();
        if (leftNs <= 0) {
            end(queueDeadlineExceeded(), null, Metadata.EMPTY);
            return false;
        }
        try {
            queueDeadline = dispatcher.timer().schedule(this::onQueueDeadline, leftNs, TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException timerIsGone) {
            end(new Status(StatusCode.UNAVAILABLE, "the event loop is shut down", timerIsGone), null, Metadata.EMPTY);
            return false;
        }
    }

    private void onQueueDeadline() {
        queueDeadlinePassed = true;
        if (dispatcher.pickers().remove(this)) {
            end(queueDeadlineExceeded(), null, Metadata.EMPTY);
        }
    }

    /** PK-8: says what it waited for. */
    private Status queueDeadlineExceeded() {
        String failure = lastPickFailure == null ? dispatcher.lastFailure() : lastPickFailure;
        return Status.of(
                StatusCode.DEADLINE_EXCEEDED,
                "deadline exceeded while waiting for a connection"
                        + (failure.isEmpty() ? "" : "; last error: " + failure));
    }

    // ---- From the attempt, on its event loop -----------------------------------------------------------------

    /** {@code answered}: the server had begun its response. */
    final void onAttemptFailed(StreamFailure failure, boolean answered) {
        if (!answered && maySendAgain(failure)) {
            attempt = null;
            dispatch();
            return;
        }
        boolean deadlinePassed = deadlineNs != TransportStream.NO_DEADLINE && deadlineNs - System.nanoTime() <= 0;
        Status status = StatusMapping.ofFailure(failure, deadlinePassed);
        if (dispatcher.isKilled() && status.code() == StatusCode.UNAVAILABLE) {
            status = new Status(StatusCode.CANCELLED, "the channel was shut down: " + status.message(), status.cause());
        }
        end(status, null, Metadata.EMPTY);
    }

    /**
     * Transparent retry: without limit if it never left, once if the server refused it (RT-7, RT-8). A server that
     * answers first and then says that it did not see the request is not believed.
     */
    private boolean maySendAgain(StreamFailure failure) {
        if (cancelled || dispatcher.isKilled()) {
            return false;
        }
        return switch (failure.kind()) {
            case UNPROCESSED -> ++unprocessedAttempts < MAX_UNPROCESSED;
            case REFUSED -> {
                boolean first = !refusedBefore;
                refusedBefore = true;
                yield first;
            }
            default -> false;
        };
    }

    /** Ends the call. Only its owner may. */
    final void end(Status status, @Nullable R response, Metadata trailers) {
        ByteBuf framed = request;
        if (framed != null) {
            request = null;
            framed.release();
        }
        ScheduledFuture<?> timer = queueDeadline;
        if (timer != null) {
            queueDeadline = null;
            timer.cancel(false);
        }
        Executor executor = callbackExecutor();
        if (executor == null) {
            deliverSafely(status, response, trailers);
            return;
        }
        Delivery delivery = new Delivery(heldHeaders, status, response, trailers);
        try {
            executor.execute(delivery);
        } catch (RuntimeException | Error rejected) {
            delivery.reject(rejected);
        }
    }

    /** Where callbacks run; null for the thread that calls {@link #end}. */
    @Nullable
    Executor callbackExecutor() {
        return options.executor();
    }

    /** Metadata came in the response's headers. */
    final void onHeaders(Metadata responseHeaders) {
        if (callbackExecutor() == null) {
            deliverHeadersSafely(responseHeaders);
        } else {
            // An executor of several threads would run the end before the headers; so both are one task.
            heldHeaders = responseHeaders;
        }
    }

    /** What the application throws ends here (HOSTILE.md P12). */
    private void deliverSafely(Status status, @Nullable R response, Metadata trailers) {
        try {
            deliver(status, response, trailers);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "callback of " + method.fullName() + " threw", thrown);
        }
    }

    private void deliverHeadersSafely(Metadata responseHeaders) {
        try {
            deliverHeaders(responseHeaders);
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "headers callback of " + method.fullName() + " threw", thrown);
        }
    }

    final int maxInboundMessageBytes() {
        return dispatcher.maxInboundMessageBytes();
    }

    final long deadlineNs() {
        return deadlineNs;
    }

    /** The end of a call on its way through an executor, which may run it, refuse it or, being broken, do both. */
    private final class Delivery implements Runnable {
        private final AtomicBoolean taken = new AtomicBoolean();
        private final @Nullable Metadata responseHeaders;
        private final Status status;
        private final @Nullable R response;
        private final Metadata trailers;

        Delivery(@Nullable Metadata responseHeaders, Status status, @Nullable R response, Metadata trailers) {
            this.responseHeaders = responseHeaders;
            this.status = status;
            this.response = response;
            this.trailers = trailers;
        }

        @Override
        public void run() {
            if (taken.compareAndSet(false, true)) {
                if (responseHeaders != null) {
                    deliverHeadersSafely(responseHeaders);
                }
                deliverSafely(status, response, trailers);
            }
        }

        /** HOSTILE.md P14: the call still ends, on this thread. */
        void reject(Throwable rejection) {
            if (taken.compareAndSet(false, true)) {
                String message = "the call's executor rejected its callback";
                deliverSafely(new Status(StatusCode.CANCELLED, message, rejection), null, Metadata.EMPTY);
            } else {
                LOG.log(System.Logger.Level.WARNING, "executor of " + method.fullName() + " threw", rejection);
            }
        }
    }

    private static long deadline(long nowNs, long timeoutNs) {
        long deadline = nowNs + timeoutNs;
        // Beyond the clock's range counts as none; the one value that means none is left to it.
        return timeoutNs > Long.MAX_VALUE / 2 || deadline == TransportStream.NO_DEADLINE
                ? TransportStream.NO_DEADLINE
                : deadline;
    }
}
