package io.peregrine.client.internal.flow;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One call for one subscriber (Reactive Streams 1.0.4; the rules' numbers are cited). The subscriber is told by the
 * call's callback alone, which comes from one thread at a time (1.3); what goes wrong elsewhere cancels the call, whose
 * end is then told as what went wrong.
 *
 * <p>The call counts its demand in an int, whose largest value means all; a subscriber may ask for more than that and
 * still mean a number (3.17). So the demand is handed on in parts of {@link #WINDOW} at most.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
final class ResponseSubscription<Q, R> implements Flow.Subscription, StreamCallback<R> {
    private static final System.Logger LOG = System.getLogger(ResponseSubscription.class.getName());
    private static final long UNBOUNDED = Long.MAX_VALUE;
    private static final long WINDOW = 1 << 30;

    private final MethodDescriptor<Q, R> method;
    private final Requests<Q> requests;

    /** Null once it is to be told nothing any more (3.13). */
    private final AtomicReference<Flow.@Nullable Subscriber<? super R>> subscriber;

    private final AtomicReference<@Nullable IllegalArgumentException> refusal = new AtomicReference<>();

    /** The sum of what the subscriber asked for. */
    private final AtomicLong requested = new AtomicLong();

    /** Who raises it from 0 hands demand on. */
    private final AtomicInteger steps = new AtomicInteger();

    /** The sum of what the call was asked for; written by who hands demand on. */
    private volatile long asked;

    /** Written by the callback. */
    private volatile long received;

    private volatile @Nullable ClientCall<Q> call;

    ResponseSubscription(MethodDescriptor<Q, R> method, Flow.Subscriber<? super R> subscriber, Requests<Q> requests) {
        this.method = method;
        this.requests = requests;
        this.subscriber = new AtomicReference<>(subscriber);
    }

    /** Calls onSubscribe, before anything else (1.9); false if the call is not to be made. */
    boolean offer() {
        Flow.Subscriber<? super R> told = subscriber.get();
        assert told != null;
        try {
            told.onSubscribe(this);
        } catch (RuntimeException | Error thrown) {
            onSubscriberThrew("onSubscribe", thrown);
            return false;
        }
        IllegalArgumentException refused = refusal.get();
        if (refused != null) {
            endWith(refused);
            return false;
        }
        return subscriber.get() != null;
    }

    /** Makes the call; false if it has been cancelled since. */
    boolean start(CallStarter starter, CallOptions options) {
        ClientCall<Q> started = starter.startCall(method, options, this);
        call = started;
        IllegalArgumentException refused = refusal.get();
        if (refused != null) {
            cancelFor(started, refused);
        }
        if (subscriber.get() == null) {
            started.cancel();
            requests.end();
            return false;
        }
        requests.begin(started);
        handDemandOn();
        return true;
    }

    // ---- Subscription ----------------------------------------------------------------------------------------

    @Override
    public void request(long messages) {
        if (messages < 1) {
            refuse(messages);
            return;
        }
        requested.accumulateAndGet(messages, (sum, more) -> sum + more < 0 ? UNBOUNDED : sum + more);
        handDemandOn();
    }

    /** 3.9. */
    private void refuse(long messages) {
        IllegalArgumentException refused = new IllegalArgumentException(
                "rule 3.9: request(" + messages + ") on " + method + " (expected: 1 or more)");
        ClientCall<Q> started = call;
        if (refusal.compareAndSet(null, refused) && started != null) {
            cancelFor(started, refused);
        }
    }

    private void cancelFor(ClientCall<Q> started, IllegalArgumentException refused) {
        started.cancel("a subscriber's request was refused: " + refused.getMessage(), refused);
    }

    @Override
    public void cancel() {
        cancel("the subscriber cancelled", null);
    }

    private void cancel(String reason, @Nullable Throwable cause) {
        if (subscriber.getAndSet(null) == null) {
            return;
        }
        requests.end();
        ClientCall<Q> started = call;
        if (started != null) {
            started.cancel(reason, cause);
        }
    }

    private void handDemandOn() {
        ClientCall<Q> started = call;
        if (started == null || steps.getAndIncrement() > 0) {
            return;
        }
        int done = 1;
        do {
            askFor(started, requested.get());
            done = steps.addAndGet(-done);
        } while (done > 0);
    }

    private void askFor(ClientCall<Q> started, long wanted) {
        if (wanted == UNBOUNDED) {
            if (asked != UNBOUNDED) {
                asked = UNBOUNDED;
                started.request(Integer.MAX_VALUE);
            }
            return;
        }
        long more = Math.min(wanted, received + WINDOW) - asked;
        if (more > 0) {
            // One thread at a time, as the steps count them.
            long all = asked + more;
            asked = all;
            started.request((int) more);
        }
    }

    // ---- StreamCallback --------------------------------------------------------------------------------------

    @Override
    public void onMessage(R message) {
        long count = received + 1;
        received = count;
        Flow.Subscriber<? super R> told = subscriber.get();
        if (told == null || refusal.get() != null) {
            return;
        }
        try {
            told.onNext(message);
        } catch (RuntimeException | Error thrown) {
            onSubscriberThrew("onNext", thrown);
        }
        if (asked - count < WINDOW / 2 && requested.get() > asked) {
            handDemandOn();
        }
    }

    @Override
    public void onWritable() {
        requests.onWritable();
    }

    @Override
    public void onComplete(Metadata trailers) {
        requests.end();
        IllegalArgumentException refused = refusal.get();
        if (refused != null) {
            endWith(refused);
            return;
        }
        Flow.Subscriber<? super R> told = subscriber.getAndSet(null);
        if (told != null) {
            try {
                told.onComplete();
            } catch (RuntimeException | Error thrown) {
                logThrown("onComplete", thrown);
            }
        }
    }

    @Override
    public void onFailure(StatusException failure) {
        requests.end();
        IllegalArgumentException refused = refusal.get();
        endWith(refused == null ? failure : refused);
    }

    private void endWith(Throwable failure) {
        Flow.Subscriber<? super R> told = subscriber.getAndSet(null);
        if (told != null) {
            try {
                told.onError(failure);
            } catch (RuntimeException | Error thrown) {
                logThrown("onError", thrown);
            }
        }
    }

    /** 2.13: such a subscriber counts as one that has cancelled. */
    private void onSubscriberThrew(String what, Throwable thrown) {
        logThrown(what, thrown);
        cancel(what + " of the subscriber to " + method + " threw: " + thrown, thrown);
    }

    private void logThrown(String what, Throwable thrown) {
        LOG.log(System.Logger.Level.WARNING, what + " of the subscriber to " + method + " threw", thrown);
    }
}
