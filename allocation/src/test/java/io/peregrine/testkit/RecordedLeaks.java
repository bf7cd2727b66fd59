package io.peregrine.testkit;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A factory of Netty leak detectors that print their {@code LEAK:} lines as always and keep what they reported.
 *
 * <p>A Netty detector looks at its queue of collected buffers only when it begins to track another one. {@link
 * #drain} makes every detector do so, whatever its level and its resource.
 */
final class RecordedLeaks extends ResourceLeakDetectorFactory {
    private final Queue<String> reports = new ConcurrentLinkedQueue<>();
    private final List<RecordingDetector<?>> detectors = new CopyOnWriteArrayList<>();

    @Override
    @Deprecated
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int interval, long maxActive) {
        return recording(resource, interval);
    }

    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int samplingInterval) {
        return recording(resource, samplingInterval);
    }

    private <T> ResourceLeakDetector<T> recording(Class<T> resource, int samplingInterval) {
        RecordingDetector<T> detector = new RecordingDetector<>(resource, samplingInterval, reports);
        detectors.add(detector);
        return detector;
    }

    /** Whether a detector for the resource was made here. */
    boolean watches(Class<?> resource) {
        return detectors.stream().anyMatch(detector -> detector.resource == resource);
    }

    /** Makes every detector report what the collector has found, and returns and forgets all reports so far. */
    List<String> drain() {
        detectors.forEach(RecordingDetector::reportPending);
        List<String> drained = new ArrayList<>();
        for (String report = reports.poll(); report != null; report = reports.poll()) {
            drained.add(report);
        }
        return drained;
    }

    private static final class RecordingDetector<T> extends ResourceLeakDetector<T> {
        private final Class<T> resource;
        private final Queue<String> reports;

        RecordingDetector(Class<T> resource, int samplingInterval, Queue<String> reports) {
            super(resource, samplingInterval);
            this.resource = resource;
            this.reports = reports;
        }

        void reportPending() {
            // The detector never looks into what it tracks, so that any object will do.
            @SuppressWarnings("unchecked")
            T decoy = (T) new Object();
            ResourceLeakTracker<T> tracker = trackForcibly(decoy);
            tracker.close(decoy);
        }

        /** Also when the logger is off: the record must not depend on the configuration of logging. */
        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String resourceType, String records) {
            reports.add(resourceType + " was collected without a release." + records);
            super.reportTracedLeak(resourceType, records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
            reports.add(resourceType + " was collected without a release (set -Dio.netty.leakDetection.level=paranoid"
                    + " for its trace).");
            super.reportUntracedLeak(resourceType);
        }
    }
}
