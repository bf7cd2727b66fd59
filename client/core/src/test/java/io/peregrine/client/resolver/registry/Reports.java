package io.peregrine.client.resolver.registry;

import io.peregrine.client.Status;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a resolver reports, in order; a test takes one report after the other. */
public final class Reports implements NameResolver.Listener {
    private final BlockingQueue<Object> reports = new LinkedBlockingQueue<>();

    @Override
    public void onEndpoints(List<Endpoint> endpoints) {
        reports.add(endpoints);
    }

    @Override
    public void onError(Status status) {
        reports.add(status);
    }

    /** The next report, which comes within 20 s: a list of endpoints, or a status. */
    public Object next() throws InterruptedException {
        Object report = reports.poll(20, TimeUnit.SECONDS);
        if (report == null) {
            throw new AssertionError("no report within 20 s");
        }
        return report;
    }

    /** The message of the next report, which is an error. */
    public String nextError() throws InterruptedException {
        Object report = next();
        if (report instanceof Status status) {
            return status.code() + ": " + status.message();
        }
        throw new AssertionError("report: " + report + " (expected: an error)");
    }

    /** Whether everything was taken. */
    public boolean areTaken() {
        return reports.isEmpty();
    }
}
