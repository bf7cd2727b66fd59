package io.peregrine.client.resolver.dns;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.resolver.dns.DnsCache;
import io.netty.resolver.dns.DnsCacheEntry;
import io.netty.resolver.dns.DnsCnameCache;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hears the time to live of each record that a resolver would cache, remembers the shortest, and caches nothing: this
 * client asks when it wants to know. Confined to the resolver's event loop.
 */
final class TtlRecorder implements DnsCache, DnsCnameCache {
    private long shortestNs = Answer.NO_TTL;

    /** The shortest so far, in nanoseconds. */
    long shortestNs() {
        return shortestNs;
    }

    void record(long ttlSeconds) {
        shortestNs = Math.min(shortestNs, TimeUnit.SECONDS.toNanos(Math.max(0, ttlSeconds)));
    }

    @Override
    public DnsCacheEntry cache(
            String host, DnsRecord[] additionals, InetAddress address, long ttlSeconds, EventLoop loop) {
        record(ttlSeconds);
        return new Entry(address, null);
    }

    @Override
    public DnsCacheEntry cache(String host, DnsRecord[] additionals, Throwable cause, EventLoop loop) {
        return new Entry(null, cause);
    }

    @Override
    public void cache(String host, String alias, long ttlSeconds, EventLoop loop) {
        record(ttlSeconds);
    }

    @Override
    public List<? extends DnsCacheEntry> get(String host, DnsRecord[] additionals) {
        return List.of();
    }

    @Override
    public @Nullable String get(String host) {
        return null;
    }

    @Override
    public void clear() {
        // Holds no names.
    }

    @Override
    public boolean clear(String host) {
        return false;
    }

    private record Entry(
            @Nullable InetAddress address, @Nullable Throwable cause) implements DnsCacheEntry {}
}
