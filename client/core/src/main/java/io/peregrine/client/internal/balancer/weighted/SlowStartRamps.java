package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.policy.SlowStart;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps at hand what {@link SlowStart} makes of each endpoint of a policy, for pickers that have no time to look at a clock
 * (SPEC EX-2). A timer runs only while an endpoint is in its window. In the channel's serialised context, but for
 * {@link Ramp#factor()}.
 */
public final class SlowStartRamps {
    /** A hundred steps are as good as a curve. */
    private static final int STEPS = 100;

    private static final Duration SHORTEST_STEP = Duration.ofMillis(10);
    private static final Duration LONGEST_STEP = Duration.ofSeconds(1);

    private final LoadBalancer.Context context;
    private final Set<Ramp> rising = new LinkedHashSet<>();
    private @Nullable SlowStart config;
    private LoadBalancer.@Nullable Timer timer;

    /** Without endpoints. With null for {@code config} all factors are 1. */
    public SlowStartRamps(LoadBalancer.Context context, @Nullable SlowStart config) {
        this.context = context;
        this.config = config;
    }

    /** Another config, for the endpoints that are there as well. */
    public void configure(@Nullable SlowStart newConfig) {
        config = newConfig;
        refresh();
    }

    /** For one more endpoint, which is not READY; its factor is 1. */
    public Ramp newRamp() {
        return new Ramp();
    }

    /** No timer runs any more. */
    public void close() {
        rising.clear();
        stopTimer();
    }

    private void refresh() {
        long nowNs = context.nanoTime();
        rising.removeIf(ramp -> !ramp.refresh(nowNs));
        stopTimer();
        SlowStart current = config;
        if (current != null && !rising.isEmpty()) {
            timer = context.schedule(step(current), this::refresh);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private static Duration step(SlowStart config) {
        Duration step = config.window().dividedBy(STEPS);
        if (step.compareTo(SHORTEST_STEP) < 0) {
            return SHORTEST_STEP;
        }
        return step.compareTo(LONGEST_STEP) > 0 ? LONGEST_STEP : step;
    }

    /** Of one endpoint. */
    public final class Ramp {
        private static final VarHandle FACTOR;

        static {
            try {
                FACTOR = MethodHandles.lookup().findVarHandle(Ramp.class, "factor", double.class);
            } catch (ReflectiveOperationException impossible) {
                throw new ExceptionInInitializerError(impossible);
            }
        }

        private long readySinceNs;

        /** Written in the context, read by pickers; both opaque: an old one does no harm. */
        @SuppressWarnings("unused") // accessed through FACTOR
        private double factor = 1;

        private Ramp() {}

        /** The endpoint has become READY. */
        public void begin() {
            if (config == null) {
                return;
            }
            readySinceNs = context.nanoTime();
            refresh(readySinceNs);
            rising.add(this);
            if (timer == null) {
                SlowStartRamps.this.refresh();
            }
        }

        /** The endpoint is not READY any more, or has gone. */
        public void end() {
            rising.remove(this);
        }

        /** What to multiply its weight by; more than 0, up to 1. Any thread. */
        public double factor() {
            return (double) FACTOR.getOpaque(this);
        }

        /** False at the end of the window. */
        private boolean refresh(long nowNs) {
            SlowStart current = config;
            double now = current == null ? 1 : current.factor(nowNs - readySinceNs);
            FACTOR.setOpaque(this, now);
            return now < 1;
        }
    }
}
