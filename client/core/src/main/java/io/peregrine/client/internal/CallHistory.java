package io.peregrine.client.internal;

import io.peregrine.client.Status;
import io.peregrine.client.report.AttemptReport;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a call keeps of what went wrong with it. Most calls have none. */
final class CallHistory {
    /** Of a call with more attempts, as transparent retries may make, the first and the last ones are reported. */
    private static final int MAX_REPORTS = 32;

    /** Why the config fails the call (SV-12). Of the call's owner. */
    @Nullable
    Status refusal;

    /** Replaced by the call's owner, read by pickers as well. */
    private volatile List<AttemptReport> reports = List.of();

    /** The back ends whose breakers refused an attempt. */
    private final Set<SocketAddress> refusing = new HashSet<>(2);

    List<AttemptReport> reports() {
        return reports;
    }

    /** Adds what another call, which was made for this one, has to tell as well. */
    void adoptReports(CallHistory other) {
        List<AttemptReport> all = new ArrayList<>(reports);
        all.addAll(other.reports);
        reports = List.copyOf(all);
    }

    void add(AttemptReport report) {
        List<AttemptReport> kept = new ArrayList<>(reports);
        if (kept.size() == MAX_REPORTS) {
            kept.remove(MAX_REPORTS / 2);
        }
        kept.add(report);
        reports = List.copyOf(kept);
    }

    /** A copy. Any thread. */
    synchronized Set<SocketAddress> refusing() {
        return new HashSet<>(refusing);
    }

    /** False if the back end had refused before. Any thread. */
    synchronized boolean addRefusing(SocketAddress backend) {
        return refusing.add(backend);
    }
}
