package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.balancer.policy.EjectionObserver;
import io.peregrine.client.balancer.policy.EjectionObserver.Detection;
import io.peregrine.client.balancer.policy.EjectionObserver.Unenforced;
import io.peregrine.client.balancer.policy.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.random.RandomGenerator;

/** What happens once in each interval (gRFC A50, SPEC OD-3): outliers go, those whose time is over come back. */
final class EjectionRound {
    private final OutlierDetection config;
    private final RandomGenerator random;
    private final EjectionObserver observer;
    private final Collection<Host> hosts;
    private final long nowNs;
    private int ejected;

    EjectionRound(
            OutlierDetection config,
            RandomGenerator random,
            EjectionObserver observer,
            Collection<Host> hosts,
            long nowNs) {
        this.config = config;
        this.random = random;
        this.observer = observer;
        this.hosts = hosts;
        this.nowNs = nowNs;
    }

    void run() {
        for (Host host : hosts) {
            host.turn();
            ejected += host.isEjected() ? 1 : 0;
        }
        OutlierDetection.SuccessRate successRate = config.successRate();
        if (successRate != null) {
            compareSuccess(successRate);
        }
        OutlierDetection.FailurePercentage failurePercentage = config.failurePercentage();
        if (failurePercentage != null) {
            countFailures(failurePercentage);
        }
        giveBack();
    }

    /** OD-4. */
    private void compareSuccess(OutlierDetection.SuccessRate wanted) {
        List<Host> known = withVolume(wanted.requestVolume());
        if (known.isEmpty() || known.size() < wanted.minimumHosts()) {
            return;
        }
        double mean = known.stream().mapToDouble(Host::successRate).average().orElse(1);
        double variance = known.stream()
                .mapToDouble(host -> (host.successRate() - mean) * (host.successRate() - mean))
                .average()
                .orElse(0);
        double least = mean - Math.sqrt(variance) * wanted.stdevFactor() / 1000;
        for (Host host : known) {
            if (host.successRate() < least) {
                eject(host, Detection.SUCCESS_RATE, wanted.enforcementPercentage());
            }
        }
    }

    /** OD-5. */
    private void countFailures(OutlierDetection.FailurePercentage wanted) {
        List<Host> known = withVolume(wanted.requestVolume());
        if (known.size() < wanted.minimumHosts()) {
            return;
        }
        for (Host host : known) {
            if (host.failures() * 100 > wanted.threshold() * host.volume()) {
                eject(host, Detection.FAILURE_PERCENTAGE, wanted.enforcementPercentage());
            }
        }
    }

    /** OD-6: what is tested before an ejection may be overshot by it, so one host can always go. */
    private void eject(Host host, Detection detection, int enforcementPercentage) {
        if (host.isEjected()) {
            return;
        }
        if (ejected * 100L >= (long) config.maxEjectionPercent() * hosts.size()) {
            observer.onUnenforced(host.addresses(), detection, Unenforced.MAX_EJECTION_OVERFLOW);
        } else if (random.nextInt(100) >= enforcementPercentage) {
            observer.onUnenforced(host.addresses(), detection, Unenforced.ENFORCEMENT_PERCENTAGE);
        } else {
            ejected++;
            host.eject(nowNs);
            observer.onEjected(host.addresses(), detection);
        }
    }

    private void giveBack() {
        long baseNs = saturatedNs(config.baseEjectionTime());
        long maxNs = saturatedNs(config.maxEjectionTime());
        for (Host host : hosts) {
            if (!host.isEjected()) {
                host.forgive();
            } else if (host.isEjectionOver(nowNs, baseNs, maxNs)) {
                host.giveBack();
                observer.onReturned(host.addresses());
            }
        }
    }

    private List<Host> withVolume(int requestVolume) {
        List<Host> known = new ArrayList<>();
        for (Host host : hosts) {
            if (host.volume() >= Math.max(1, requestVolume)) {
                known.add(host);
            }
        }
        return known;
    }

    /** Durations of a config go up to 10 000 years. */
    private static long saturatedNs(Duration duration) {
        return duration.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0 ? Long.MAX_VALUE : duration.toNanos();
    }
}
