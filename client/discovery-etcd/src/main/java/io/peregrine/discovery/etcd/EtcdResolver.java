package io.peregrine.discovery.etcd;

import com.google.protobuf.ByteString;
import io.peregrine.client.Cancellable;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.registry.Instances;
import io.peregrine.client.resolver.registry.RegistryResolver;
import io.peregrine.discovery.etcd.proto.Event;
import io.peregrine.discovery.etcd.proto.KeyValue;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Watches the keys of one service in etcd, in one {@link EtcdSession} after the other. Members are tried in turn, from a
 * random one on; the backoff follows when none could be used.
 *
 * <p>A revision below the last one that was seen means that the cluster has lost its state: that answer is not taken, and
 * the last good state stays in use until the cluster says the same once more, after the backoff.
 */
final class EtcdResolver extends RegistryResolver {
    /** More keys than any service has: beyond, the prefix is a mistake. */
    private static final int MAX_KEYS = 100_000;

    /** A watch that lived longer is no part of a series of failures. */
    private static final long STABLE_NS = TimeUnit.SECONDS.toNanos(10);

    private final EtcdCluster cluster;
    private final KeyPrefix prefix;
    private final int defaultPort;
    private final Map<ByteString, Entry> entries = new TreeMap<>(ByteString.unsignedLexicographicalComparator());
    private int member;
    private int refusals;
    private long revision;
    private long begunNs;
    private @Nullable EtcdSession session;

    EtcdResolver(EtcdCluster cluster, KeyPrefix prefix, ResolverContext context) {
        super(cluster + ", prefix \"" + prefix.text() + '"', context);
        this.cluster = cluster;
        this.prefix = prefix;
        this.defaultPort = context.defaultPort();
        this.member = ThreadLocalRandom.current().nextInt(cluster.members().size());
    }

    /** What a key holds: an endpoint, or the reason why it is none. */
    private record Entry(@Nullable Endpoint endpoint, String fault) {}

    @Override
    protected void ask() {
        begunNs = nanoTime();
        EtcdSession begun = new EtcdSession(cluster, cluster.members().get(member), prefix, new Link());
        session = begun;
        begun.begin();
    }

    @Override
    protected void abandon() {
        EtcdSession current = session;
        session = null;
        if (current != null) {
            current.close();
        }
    }

    private void onKeys(List<KeyValue> keys, long answeredRevision) {
        if (answeredRevision < revision) {
            String reason = "its revision went back from " + revision + " to " + answeredRevision;
            revision = 0;
            failed(reason, null);
            return;
        }
        revision = answeredRevision;
        entries.clear();
        keys.forEach(this::put);
        publish();
    }

    private void onEvents(List<Event> events, long saidRevision) {
        revision = Math.max(revision, saidRevision);
        if (events.isEmpty()) {
            return;
        }
        for (Event event : events) {
            if (event.getType() == Event.EventType.DELETE) {
                entries.remove(event.getKv().getKey());
            } else {
                put(event.getKv());
            }
        }
        publish();
    }

    private void put(KeyValue pair) {
        try {
            Optional<Endpoint> read = InstanceValue.read(pair.getValue(), defaultPort);
            if (read.isPresent()) {
                entries.put(pair.getKey(), new Entry(read.get(), ""));
            } else {
                entries.remove(pair.getKey());
            }
        } catch (IllegalArgumentException malformed) {
            String fault = '"' + pair.getKey().toStringUtf8() + "\": " + malformed.getMessage();
            entries.put(pair.getKey(), new Entry(null, fault));
        }
    }

    private void publish() {
        if (entries.size() > MAX_KEYS) {
            entries.clear();
            failed("more than " + MAX_KEYS + " keys (expected: one for each instance of a service)", null);
            return;
        }
        Instances instances = new Instances();
        for (Entry entry : entries.values()) {
            if (entry.endpoint() == null) {
                instances.addUnusable(entry.fault());
            } else {
                instances.add(entry.endpoint());
            }
        }
        found(instances);
    }

    private void onEnd(String reason, @Nullable Throwable cause, boolean wasWatching) {
        session = null;
        String whole = cluster.members().get(member) + ": " + reason;
        member = (member + 1) % cluster.members().size();
        if (wasWatching && nanoTime() - begunNs >= STABLE_NS) {
            progressed();
        }
        if (!wasWatching && ++refusals < cluster.members().size()) {
            ask();
        } else {
            refusals = 0;
            failed(whole, cause);
        }
    }

    /** Between a session and this resolver. */
    private final class Link implements EtcdSession.Owner {
        @Override
        public void execute(Runnable task) {
            EtcdResolver.this.execute(task);
        }

        @Override
        public Cancellable schedule(long delayNs, Runnable task) {
            return EtcdResolver.this.schedule(delayNs, task);
        }

        @Override
        public void onKeys(List<KeyValue> keys, long answeredRevision) {
            EtcdResolver.this.onKeys(keys, answeredRevision);
        }

        @Override
        public void onEvents(List<Event> events, long saidRevision) {
            EtcdResolver.this.onEvents(events, saidRevision);
        }

        @Override
        public void onEnd(String reason, @Nullable Throwable cause, boolean wasWatching) {
            EtcdResolver.this.onEnd(reason, cause, wasWatching);
        }
    }
}
