package io.peregrine.client.resolver.dns;

import io.peregrine.client.Status;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Writes down what a resolver reports. */
public final class RecordedResolutions implements NameResolver.Listener {
    private static final long SOON_S = 30;

    final BlockingQueue<Resolution> resolutions = new LinkedBlockingQueue<>();
    final BlockingQueue<Status> errors = new LinkedBlockingQueue<>();

    @Override
    public void onEndpoints(List<Endpoint> endpoints) {
        throw new AssertionError("endpoints alone: " + endpoints);
    }

    @Override
    public void onResolution(Resolution resolution) {
        resolutions.add(resolution);
    }

    @Override
    public void onError(Status status) {
        errors.add(status);
    }

    public Resolution next() throws InterruptedException {
        Resolution next = resolutions.poll(SOON_S, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing was reported; errors: " + errors);
        }
        return next;
    }

    public List<String> nextAddresses() throws InterruptedException {
        return addressesOf(next());
    }

    public Status nextError() throws InterruptedException {
        Status next = errors.poll(SOON_S, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("no error was reported; resolutions: " + resolutions);
        }
        return next;
    }

    /** As {@code address:port}. */
    public static List<String> addressesOf(Resolution resolution) {
        return resolution.endpoints().stream()
                .map(endpoint -> (InetSocketAddress) endpoint.addresses().get(0))
                .map(address -> address.getAddress().getHostAddress() + ':' + address.getPort())
                .toList();
    }
}
