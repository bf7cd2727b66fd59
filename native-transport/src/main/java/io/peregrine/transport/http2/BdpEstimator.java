package io.peregrine.transport.http2;

/**
 * Estimates the bandwidth-delay product of a connection: how many bytes are under way when nothing holds the peer up
 * (SPEC H2-8, after grpc-go's estimator). A window smaller than that makes the peer wait for WINDOW_UPDATE.
 *
 * <pre>
 *   while a probe is out:   sample := bytes of DATA between the PING and its answer, about one round trip
 *   when it is answered:    bandwidth := sample / (1.5 * smoothed round trip)
 *   if sample >= 2/3 of the estimate, and bandwidth is the largest so far, and the round trip took no more than 1.5
 *   times the shortest:   estimate := 2 * sample
 * </pre>
 *
 * <p>A round trip that has become longer since the window grew says that DATA queues on its way: the window is more than
 * the path can hold, and growing on would fill socket buffers only. On a loopback it would reach any cap.
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
    private long shortestRoundTripNs = Long.MAX_VALUE;
    private double bestBandwidth;

    /** Starts from an estimate that was chosen, which grows up to {@code capBytes}. */
    BdpEstimator(int estimateBytes, int capBytes, long nowNs) {
        this.estimateBytes = estimateBytes;
        this.capBytes = capBytes;
        this.bytesToProbe = estimateBytes / FIRST_PROBE_PART;
        this.countedSinceNs = nowNs;
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
        smoothRoundTrip(tookNs);
        shortestRoundTripNs = Math.min(shortestRoundTripNs, tookNs);
        boolean queues = tookNs > QUEUEING * shortestRoundTripNs;
        double bandwidth = sampleBytes / (SAMPLE_ROUND_TRIPS * roundTripNs);
        boolean best = bandwidth > bestBandwidth;
        bestBandwidth = Math.max(bandwidth, bestBandwidth);
        if (!best || queues || sampleBytes < LIKELY_LIMITED * estimateBytes) {
            bytesToProbe = Math.min(bytesToProbe * 2, estimateBytes);
            return false;
        }
        estimateBytes = (int) Math.min(2 * sampleBytes, capBytes);
        bytesToProbe = estimateBytes / FIRST_PROBE_PART;
        return true;
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
