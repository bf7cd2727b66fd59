package io.peregrine.client.resolver;

import io.peregrine.client.Status;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A resolver that says what it is told: for tests, and for applications that know their servers from elsewhere. Give it
 * to {@code ClientConnBuilder.resolver}, and push what calls are to use; before the first push they wait.
 *
 * <pre>{@code
 * ManualResolver servers = new ManualResolver("manual");
 * ClientConn conn = ClientConn.builder("manual:///orders").resolver(servers)...
 * servers.addresses(new InetSocketAddress("10.0.0.1", 443));
 * }</pre>
 *
 * <p>All channels that it was given to are told the same. One that begins later, or again after it was idle, is told the
 * last push. Of pushes that come faster than a channel can take them it sees the last. Safe for use by several threads.
 */
public final class ManualResolver implements NameResolverProvider {
    private final String scheme;
    private final List<Session> sessions = new CopyOnWriteArrayList<>();
    private final AtomicInteger resolveNows = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();

    /** What was pushed last; written before sessions are told, read by each when it is its turn. */
    private volatile @Nullable Push last;

    /** For targets of that scheme, in lower case. */
    public ManualResolver(String scheme) {
        this.scheme = scheme;
    }

    /** One of both. */
    private record Push(
            @Nullable Resolution resolution, @Nullable Status error) {}

    /** The endpoints are now these. */
    public void endpoints(List<Endpoint> endpoints) {
        push(Resolution.of(endpoints));
    }

    /** The endpoints are now these addresses, each one of its own. */
    public void addresses(SocketAddress... addresses) {
        endpoints(Arrays.stream(addresses).map(Endpoint::of).toList());
    }

    /** Everything that a resolver may find. */
    public void push(Resolution resolution) {
        push(new Push(resolution, null));
    }

    /**
     * Resolution failed; channels keep the endpoints they have.
     *
     * @throws IllegalArgumentException if the status is OK
     */
    public void error(Status status) {
        if (status.isOk()) {
            throw new IllegalArgumentException("status: OK (expected: an error)");
        }
        push(new Push(null, status));
    }

    private void push(Push push) {
        last = push;
        sessions.forEach(Session::tell);
    }

    /** How often channels hinted that the endpoints may have changed. */
    public int resolveNowCount() {
        return resolveNows.get();
    }

    /** How often channels asked again because a push was of no use to them (SPEC RS-1). */
    public int retryCount() {
        return retries.get();
    }

    /** How many channels listen now. */
    public int listeners() {
        return sessions.size();
    }

    @Override
    public String scheme() {
        return scheme;
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        return new Session();
    }

    /** The resolver of one channel. */
    private final class Session implements NameResolver {
        /** Pushes that are not told yet: who raises it from 0 tells, so that one thread does at a time. */
        private final AtomicInteger untold = new AtomicInteger();

        private volatile @Nullable Listener listener;

        @Override
        public void start(Listener newListener) {
            listener = newListener;
            sessions.add(this);
            if (last != null) {
                tell();
            }
        }

        void tell() {
            if (untold.getAndIncrement() > 0) {
                return;
            }
            int told;
            do {
                told = untold.get();
                tellOnce();
            } while (untold.addAndGet(-told) > 0);
        }

        private void tellOnce() {
            Push push = last;
            Listener told = listener;
            if (push == null || told == null) {
                return;
            }
            if (push.resolution != null) {
                told.onResolution(push.resolution);
            } else if (push.error != null) {
                told.onError(push.error);
            }
        }

        @Override
        public void resolveNow() {
            resolveNows.incrementAndGet();
        }

        @Override
        public void retry() {
            retries.incrementAndGet();
        }

        @Override
        public void close() {
            listener = null;
            sessions.remove(this);
        }
    }
}
