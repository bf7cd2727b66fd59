package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.internal.balancer.ChildPolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A child that has some time to connect before another one is tried (the failover timer of gRFC A56): when it begins, and
 * again when it lost what it had. Not while it comes back from a failure: that may take for ever.
 */
abstract class ChildPolicyInTime extends ChildPolicy {
    private static final Duration TIME = Duration.ofSeconds(10);

    private LoadBalancer.@Nullable Timer timer;

    /** Whether it gets its time when it is CONNECTING next: it was good since it failed, or was given time, last. */
    private boolean owedTime;

    ChildPolicyInTime(LoadBalancer.Context context) {
        super(context);
    }

    /** Called when it has published something, or its time is over. */
    protected abstract void onTime();

    /** Its time begins, unless it has begun. */
    final void beginTime() {
        if (timer == null) {
            timer = schedule(TIME, () -> {
                timer = null;
                onTime();
            });
        }
    }

    /** Whether it is connecting, and its time is not over. */
    final boolean hasTime() {
        return timer != null;
    }

    /** Whether calls may go to it: it is READY, or will connect when they do. */
    final boolean isUsable() {
        return state() == ConnectivityState.READY || state() == ConnectivityState.IDLE;
    }

    @Override
    public void close() {
        endTime();
        super.close();
    }

    @Override
    protected final void onChange() {
        switch (state()) {
            case READY, IDLE -> {
                owedTime = true;
                endTime();
            }
            case TRANSIENT_FAILURE -> {
                owedTime = false;
                endTime();
            }
            case CONNECTING -> {
                if (owedTime) {
                    owedTime = false;
                    beginTime();
                }
            }
            case SHUTDOWN -> throw new IllegalStateException("state: SHUTDOWN (expected: one of a policy at work)");
            default -> throw new AssertionError(state());
        }
        onTime();
    }

    private void endTime() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
