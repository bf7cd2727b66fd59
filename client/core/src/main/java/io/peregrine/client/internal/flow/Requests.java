package io.peregrine.client.internal.flow;

import io.peregrine.client.ClientCall;
import io.peregrine.client.MethodDescriptor;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one call on their way from a publisher. One message at a time is asked for, once the one before it
 * was taken by the call, which may have to have room first: so one message waits here at most.
 *
 * <p>The publisher's signals, the call's and the end of the call may come from different threads. Each notes what it
 * brings and then counts itself in {@link #steps}; who raises that from 0 does the work for all.
 *
 * <p>The numbers of rules are those of Reactive Streams 1.0.4.
 *
 * @param <Q> the request messages
 */
final class Requests<Q> implements Flow.Subscriber<Q> {
    private final MethodDescriptor<Q, ?> method;
    private final AtomicInteger steps = new AtomicInteger();

    // Written by who brings it, before it counts itself.
    private volatile @Nullable ClientCall<Q> call;
    private volatile Flow.@Nullable Subscription subscription;
    private volatile @Nullable Q waiting;
    private volatile boolean complete;
    private volatile boolean over;

    /** The publisher has ended, and has no subscription left (2.3, 2.4). */
    private volatile boolean sourceOver;

    // Of whoever works.
    private boolean asked;
    private boolean closed;
    private boolean dropped;

    private Requests(MethodDescriptor<Q, ?> method) {
        this.method = method;
    }

    /** The requests of a publisher, to which this is to be subscribed. */
    static <Q> Requests<Q> published(MethodDescriptor<Q, ?> method) {
        return new Requests<>(method);
    }

    /** A single request. */
    static <Q> Requests<Q> only(MethodDescriptor<Q, ?> method, Q request) {
        Requests<Q> requests = new Requests<>(method);
        requests.waiting = request;
        requests.complete = true;
        return requests;
    }

    /** Sends to {@code started} from now on. */
    void begin(ClientCall<Q> started) {
        call = started;
        proceed();
    }

    /** Subscribes to the publisher; what it throws cancels the call. */
    void follow(Flow.Publisher<? extends Q> publisher) {
        try {
            publisher.subscribe(this);
        } catch (RuntimeException | Error thrown) {
            refuse("subscribe", thrown);
        }
    }

    /** The call may have room. */
    void onWritable() {
        proceed();
    }

    /** The call has ended, or nobody is interested in it any more: no more requests. */
    void end() {
        over = true;
        proceed();
    }

    // ---- Subscriber ------------------------------------------------------------------------------------------

    @Override
    public void onSubscribe(Flow.Subscription offered) {
        Objects.requireNonNull(offered, "subscription");
        if (subscription != null) {
            offered.cancel();
            return;
        }
        subscription = offered;
        proceed();
    }

    @Override
    public void onNext(Q message) {
        if (isNull(message)) {
            NullPointerException refused = new NullPointerException("message: null (expected: a message)");
            refuse("onNext", refused);
            throw refused;
        }
        if (waiting != null) {
            refuse("onNext", new IllegalStateException("a message that was not asked for"));
            return;
        }
        waiting = message;
        proceed();
    }

    @Override
    public void onError(Throwable failure) {
        Objects.requireNonNull(failure, "failure");
        sourceOver = true;
        refuse("onError", failure);
    }

    @Override
    public void onComplete() {
        sourceOver = true;
        complete = true;
        proceed();
    }

    /** What the types exclude, a publisher may do all the same. */
    private static boolean isNull(@Nullable Object message) {
        return message == null;
    }

    // ---- The work --------------------------------------------------------------------------------------------

    private void proceed() {
        if (steps.getAndIncrement() > 0) {
            return;
        }
        int done = 1;
        do {
            try {
                step();
            } catch (RuntimeException | Error thrown) {
                refuse("send", thrown);
            }
            done = steps.addAndGet(-done);
        } while (done > 0);
    }

    private void step() {
        if (over) {
            drop();
            return;
        }
        ClientCall<Q> started = call;
        if (started == null) {
            return;
        }
        Q message = waiting;
        if (message != null) {
            if (!started.trySend(message)) {
                // The call tells when it has room.
                return;
            }
            waiting = null;
            asked = false;
        }
        if (complete) {
            close(started);
        } else {
            ask();
        }
    }

    private void close(ClientCall<Q> started) {
        if (!closed) {
            closed = true;
            started.closeSend();
        }
    }

    private void ask() {
        Flow.Subscription source = subscription;
        if (source != null && !asked) {
            asked = true;
            source.request(1);
        }
    }

    private void drop() {
        waiting = null;
        Flow.Subscription source = subscription;
        if (source != null && !sourceOver && !dropped) {
            dropped = true;
            source.cancel();
        }
    }

    /** The requests are no good: the call ends with CANCELLED and that cause. */
    private void refuse(String what, Throwable cause) {
        ClientCall<Q> started = call;
        if (started != null && !over) {
            started.cancel("the publisher of the requests of " + method + ": " + what + ": " + cause, cause);
        }
        end();
    }
}
