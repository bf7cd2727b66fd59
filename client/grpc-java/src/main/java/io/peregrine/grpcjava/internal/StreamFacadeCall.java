package io.peregrine.grpcjava.internal;

import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.Status;
import io.peregrine.client.ClientCall;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.internal.AllHeaders;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A call with many requests, many responses or both, over a native call with streams.
 *
 * <p>grpc-java takes messages whether the call {@link #isReady is ready} or not, and the native call refuses them while
 * it is full. What it refused waits, encoded, in {@link #held}, and from then on everything goes through that queue until
 * it is empty; {@link #draining} lets one thread at a time empty it: the sender, or the event loop that has room again.
 */
final class StreamFacadeCall<Q, R> extends FacadeCall<Q, R> implements StreamCallback<R>, AllHeaders {
    /** An event that is no message. */
    private sealed interface Event {}

    private record Headers(io.peregrine.client.Metadata metadata) implements Event {}

    private record Room() implements Event {}

    private record End(
            @Nullable StatusException failure,
            io.peregrine.client.Metadata trailers,
            @Nullable Status unsent) implements Event {}

    private static final Room ROOM = new Room();

    /** Behind the messages of {@link #held}. */
    private static final Object END_OF_REQUESTS = new Object();

    private final boolean oneRequest;
    private final boolean oneResponse;

    /** What the listener is to be told; bounded by what was asked for. */
    private final Queue<Object> events = new ConcurrentLinkedQueue<>();

    private final Queue<Object> held = new ConcurrentLinkedQueue<>();
    private final AtomicInteger draining = new AtomicInteger();

    /** Written before {@link #cancelStatus} is read; who cancels does it the other way round. */
    private volatile @Nullable ClientCall<Object> nativeCall;

    /** Whether the one response of a method that has one was asked for. */
    private volatile boolean requested;

    // Of the sending thread.
    private boolean sent;

    // Of the task.
    private boolean closed;
    private @Nullable Status thrown;

    StreamFacadeCall(FacadeChannel channel, BridgedMethod<Q, R> method, CallOptions options) {
        super(channel, method, options);
        this.oneRequest = method.type().clientSendsOneMessage();
        this.oneResponse = method.type().serverSendsOneMessage();
    }

    // ---- The application's side ------------------------------------------------------------------------------

    @Override
    void begin(Metadata headers) {
        nativeCall = channel.conn().startCall(method.nativeMethod(), nativeOptions(headers), this);
        if (cancelStatus() != null) {
            cancelNative();
        }
        if (!oneRequest) {
            add(ROOM);
        }
    }

    @Override
    void send(Object outbound) {
        ClientCall<Object> call = nativeCall;
        if (call == null) {
            return;
        }
        if (oneRequest && sent) {
            cancelWith(Status.INTERNAL.withDescription("Too many requests"));
            return;
        }
        sent = true;
        if (isHeldBack() || !call.trySend(outbound)) {
            hold(method.keep(outbound));
        }
    }

    @Override
    void endRequests() {
        ClientCall<Object> call = nativeCall;
        if (call == null) {
            return;
        }
        if (oneRequest && !sent) {
            cancelWith(Status.INTERNAL.withDescription("Half-closed without a request"));
        } else if (isHeldBack()) {
            hold(END_OF_REQUESTS);
        } else {
            call.closeSend();
        }
    }

    @Override
    void demand(int messages) {
        ClientCall<Object> call = nativeCall;
        if (oneResponse) {
            requested = true;
            signal();
        } else if (call != null) {
            call.request(messages);
        }
    }

    @Override
    boolean hasRoom() {
        ClientCall<Object> call = nativeCall;
        return call != null && !isHeldBack() && call.isWritable();
    }

    @Override
    void compress(boolean on) {
        ClientCall<Object> call = nativeCall;
        if (call != null) {
            call.compress(on);
        }
    }

    @Override
    void cancelNative() {
        ClientCall<Object> call = nativeCall;
        Status why = cancelStatus();
        if (call != null && why != null) {
            String description = why.getDescription();
            call.cancel(description == null ? "cancelled" : description, why.getCause());
        }
    }

    @Override
    void endUnsent(Status status) {
        add(new End(null, io.peregrine.client.Metadata.EMPTY, status));
    }

    /** Whether messages wait, so that one more must go behind them. On the sending thread, the only one that adds any. */
    private boolean isHeldBack() {
        return !held.isEmpty() || draining.get() != 0;
    }

    private void hold(Object outbound) {
        held.add(outbound);
        drain();
    }

    private void drain() {
        ClientCall<Object> call = nativeCall;
        if (call == null || draining.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            for (Object next = held.peek(); next != null && take(call, next); next = held.peek()) {
                held.remove();
            }
            seen = draining.addAndGet(-seen);
        } while (seen != 0);
    }

    private static boolean take(ClientCall<Object> call, Object next) {
        if (next != END_OF_REQUESTS) {
            return call.trySend(next);
        }
        call.closeSend();
        return true;
    }

    // ---- From the native call --------------------------------------------------------------------------------

    @Override
    public boolean wantsEmptyHeaders() {
        return true;
    }

    @Override
    public void onHeaders(io.peregrine.client.Metadata headers) {
        CallTracers told = tracers();
        if (told != null) {
            told.onHeaders(MetadataBridge.toGrpc(headers));
        }
        add(new Headers(headers));
    }

    @Override
    public void onMessage(R message) {
        CallTracers told = tracers();
        if (told != null) {
            told.onReceived(message);
        }
        add(message);
    }

    @Override
    public void onWritable() {
        drain();
        if (hasRoom()) {
            add(ROOM);
        }
    }

    @Override
    public void onComplete(io.peregrine.client.Metadata trailers) {
        leaveContext();
        CallTracers told = tracers();
        if (told != null) {
            told.onEnd(Status.OK, MetadataBridge.toGrpc(trailers));
        }
        add(new End(null, trailers, null));
    }

    @Override
    public void onFailure(StatusException failure) {
        leaveContext();
        CallTracers told = tracers();
        if (told != null) {
            told.onEnd(statusOf(failure), MetadataBridge.toGrpc(failure.trailers()));
        }
        add(new End(failure, io.peregrine.client.Metadata.EMPTY, null));
    }

    private void add(Object event) {
        events.add(event);
        signal();
    }

    // ---- The listener ----------------------------------------------------------------------------------------

    @Override
    void deliver(Listener<R> to) {
        if (isRejected() && !closed) {
            closed = true;
            Status why = cancelStatus();
            close(to, why == null ? Status.CANCELLED : why, new Metadata());
        }
        for (Object next = events.peek(); next != null; next = events.peek()) {
            if (oneResponse && !requested && !(next instanceof Event) && cancelStatus() == null) {
                // The message, and the end behind it, wait until they are asked for.
                return;
            }
            events.remove();
            if (!closed) {
                deliver(to, next);
            }
        }
    }

    @SuppressWarnings("unchecked") // what is no event is a message
    private void deliver(Listener<R> to, Object next) {
        if (next instanceof End end) {
            closed = true;
            deliverEnd(to, end);
        } else if (thrown != null || cancelStatus() != null) {
            // Nothing but the end follows.
            return;
        } else if (next instanceof Headers received) {
            deliverHeaders(to, received);
        } else if (next instanceof Room) {
            deliverRoom(to);
        } else {
            deliverMessage(to, (R) next);
        }
    }

    private void deliverHeaders(Listener<R> to, Headers received) {
        try {
            to.onHeaders(MetadataBridge.toGrpc(received.metadata));
        } catch (RuntimeException | Error fault) {
            onThrown("Failed to read headers", fault);
        }
    }

    private void deliverMessage(Listener<R> to, R message) {
        try {
            to.onMessage(message);
        } catch (RuntimeException | Error fault) {
            onThrown("Failed to read message.", fault);
        }
    }

    private void deliverRoom(Listener<R> to) {
        try {
            to.onReady();
        } catch (RuntimeException | Error fault) {
            onThrown("Failed to call onReady.", fault);
        }
    }

    private void onThrown(String what, Throwable fault) {
        Status status = StatusBridge.thrown(what, fault);
        thrown = status;
        cancelWith(status);
    }

    private void deliverEnd(Listener<R> to, End end) {
        Status own = thrown;
        StatusException failed = end.failure;
        if (own != null) {
            close(to, own, new Metadata());
        } else if (end.unsent != null) {
            close(to, end.unsent, new Metadata());
        } else if (failed != null) {
            close(to, statusOf(failed), MetadataBridge.toGrpc(failed.trailers()));
        } else {
            close(to, Status.OK, MetadataBridge.toGrpc(end.trailers));
        }
    }
}
