package io.peregrine.transport.http2;

/**
 * Estimates the bandwidth-delay product of a connection: how many bytes are under way when nothing holds the peer up
 * (SPEC H2-8, after grpc-go's estimator). A window smaller than that makes the peer wait for WINDOW_UPDATE.
 *
 * <pre>
 *   while a probe is out:   sample := bytes of DATA between the PING and its answer, about one round trip
 *   when it is answered:    bandwidth := sample / (1.5 * smoothed round trip)
 *   if sample >= 2/3 of the estimate, and bandwidth is the largest so far, and the round trip took no more than 1.5
 *   times the shortest, and that was known before:   estimate := 2 * sample
 * </pre>
 *
 * <p>A round trip that has become longer since the window grew says that DATA queues on its way: the window is more than
 * the path can hold, and growing on would fill socket buffers only. On a loopback it would reach any cap. One that has
 * become much shorter says that those before it were spent in queues, as while this side is still being compiled and
 * reads slowly; so the first of its kind proves nothing, and the next is compared with it.
 *
 * <p>The shortest round trip ages, as BBR's does, since a path may become longer for good. But BBR drains the path for a
 * moment to see that; here, a queue of our own that stands for long must not pass for a longer path. The window
 * alone makes no queue longer while it stays as it is. So the path has become longer when, at the same window, all
 * probes of a period took 1.5 times the shortest of an earlier one. The shortest round trip and the largest bandwidth
 * are measured anew then. If it was the bandwidth instead that has become less, this costs one growth, whose queue
 * ends it.
 *
 * <p>A probe is due only when an eighth of the estimate has arrived since the last, at a rate of the estimate in a
 * second. A peer that is held up by a window of that size over a round trip of up to a second is as fast; slower
 * traffic, as small messages are, causes no probe. Each probe that changes nothing doubles the bytes to the next, up
 * to the estimate, and the clock is read once for so many bytes.
 *
 * <p>Invariant: the estimate never falls, and never exceeds its cap. Time is a parameter; owned by one event loop.
 */
final class BdpEstimator {
    /** The sample must be this part of the estimate: less, and it was not the window that held the peer up. */
    private static final double LIKELY_LIMITED = 0.66;

    /** A round trip of so many times the shortest is spent in queues. */
    private static final double QUEUEING = 1.5;

    /** A sample takes longer than a round trip: the answer queues behind DATA. */
    private static final double SAMPLE_ROUND_TRIPS = 1.5;

    /** So many round trips are averaged; after that each new one has {@link #NEW_SAMPLE_WEIGHT}. */
    private static final int AVERAGED_SAMPLES = 10;

    private static final double NEW_SAMPLE_WEIGHT = 0.9;
    /** So long, and for so many probes at least, the path is watched before it may pass for a longer one: BBR's 10 s. */
    private static final long PERIOD_NS = 10_000_000_000L;

    private static final int PERIOD_PROBES = 8;
    private static final long UNKNOWN = Long.MAX_VALUE;
    private static final int FIRST_PROBE_PART = 8;
    private static final double NS_PER_SECOND = 1e9;

    private final int capBytes;
    private int estimateBytes;
    private int bytesToProbe;

    /** DATA since the last probe was answered or last found not to be due. */
    private long countedBytes;

    private long countedSinceNs;
    private boolean probing;
    private long probedAtNs;
    private long sampleBytes;
    private int samples;
    private double roundTripNs;
    private long shortestRoundTripNs = UNKNOWN;
    private double bestBandwidth;

    /** The shortest of the period, which begins with each growth. */
    private long shortestOfPeriodNs = UNKNOWN;

    private long periodSinceNs;
    private int periodProbes;

    /** The shortest of the earlier periods at this window. */
    private long shortestAtWindowNs = UNKNOWN;

    /** Starts from an estimate that was chosen, which grows up to {@code capBytes}. */
    BdpEstimator(int estimateBytes, int capBytes, long nowNs) {
        this.estimateBytes = estimateBytes;
        this.capBytes = capBytes;
        this.bytesToProbe = estimateBytes / FIRST_PROBE_PART;
        this.countedSinceNs = nowNs;
        this.periodSinceNs = nowNs;
    }

    /** Counts DATA; true if so much has come that {@link #tryProbe} is worth a look at the clock. */
    boolean onData(int bytes) {
        if (probing) {
            sampleBytes += bytes;
            return false;
        }
        countedBytes += bytes;
        return countedBytes >= bytesToProbe && estimateBytes < capBytes;
    }

    /** Begins a probe, if DATA comes fast enough; the caller sends PING then. */
    boolean tryProbe(long nowNs) {
        assert !probing;
        double seconds = (nowNs - countedSinceNs) / NS_PER_SECOND;
        probing = countedBytes >= seconds * estimateBytes;
        countedBytes = 0;
        countedSinceNs = nowNs;
        probedAtNs = nowNs;
        sampleBytes = 0;
        return probing;
    }

    /** The probe is answered; true if the estimate has grown. False as well if no probe is out. */
    boolean onAnswer(long nowNs) {
        if (!probing) {
            return false;
        }
        probing = false;
        countedSinceNs = nowNs;
        long tookNs = Math.max(1, nowNs - probedAtNs);
        watchPath(nowNs, tookNs);
        smoothRoundTrip(tookNs);
        boolean comparable = shortestRoundTripNs != UNKNOWN && QUEUEING * tookNs >= shortestRoundTripNs;
        shortestRoundTripNs = Math.min(shortestRoundTripNs, tookNs);
        boolean limited = sampleBytes >= LIKELY_LIMITED * estimateBytes;
        if (limited && !comparable) {
            // Soon there is another to compare with it.
            return false;
        }
        boolean queues = tookNs > QUEUEING * shortestRoundTripNs;
        double bandwidth = sampleBytes / (SAMPLE_ROUND_TRIPS * roundTripNs);
        boolean best = bandwidth > bestBandwidth;
        bestBandwidth = Math.max(bandwidth, bestBandwidth);
        if (!best || queues || !limited) {
            bytesToProbe = Math.min(bytesToProbe * 2, estimateBytes);
            return false;
        }
        estimateBytes = (int) Math.min(2 * sampleBytes, capBytes);
        bytesToProbe = estimateBytes / FIRST_PROBE_PART;
        beginPeriod(nowNs);
        shortestAtWindowNs = UNKNOWN;
        return true;
    }

    /** Forgets what was measured if the path has become longer; before the round trip that says so is used. */
    private void watchPath(long nowNs, long tookNs) {
        if (nowNs - periodSinceNs >= PERIOD_NS && periodProbes >= PERIOD_PROBES) {
            boolean longer = shortestOfPeriodNs > QUEUEING * shortestAtWindowNs;
            if (longer) {
                shortestRoundTripNs = shortestOfPeriodNs;
                bestBandwidth = 0;
                samples = 0;
                roundTripNs = 0;
            }
            shortestAtWindowNs = longer ? shortestOfPeriodNs : Math.min(shortestAtWindowNs, shortestOfPeriodNs);
            beginPeriod(nowNs);
        }
        periodProbes++;
        shortestOfPeriodNs = Math.min(shortestOfPeriodNs, tookNs);
    }

    private void beginPeriod(long nowNs) {
        periodSinceNs = nowNs;
        periodProbes = 0;
        shortestOfPeriodNs = UNKNOWN;
    }

    int estimateBytes() {
        return estimateBytes;
    }

    private void smoothRoundTrip(long sampleNs) {
        samples++;
        double weight = samples < AVERAGED_SAMPLES ? 1.0 / samples : NEW_SAMPLE_WEIGHT;
        roundTripNs += (sampleNs - roundTripNs) * weight;
    }
}
