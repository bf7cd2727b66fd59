package io.peregrine.client.resolver.dns;

import io.netty.channel.EventLoop;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.HostPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers, after the hosts file (DN-2, DN-3, DN-4). Nothing is opened before the first question that needs a
 * server. Safe for use by several threads.
 */
final class ServerLookup implements Lookup {
    private static final CompletableFuture<DnsSession> CLOSED =
            CompletableFuture.failedFuture(new IllegalStateException("the look-up is over"));

    private final EventLoop preferred;
    private final @Nullable HostPort server;
    private final DnsOptions options;
    private final HostsFile hosts;
    private final AtomicReference<@Nullable CompletableFuture<DnsSession>> session = new AtomicReference<>();

    /** With the server that the target names, if it names one. */
    ServerLookup(EventLoop preferred, @Nullable HostPort server, DnsOptions options, HostsFile hosts) {
        this.preferred = preferred;
        this.server = server;
        this.options = options;
        this.hosts = hosts;
    }

    @Override
    public CompletableFuture<Answer<InetAddress>> addresses(String host) {
        return CompletableFuture.completedFuture(host)
                .thenApplyAsync(hosts::addresses, DnsThread::execute)
                .thenCompose(known -> {
                    List<InetAddress> wanted = options.families().arrange(known);
                    return wanted.isEmpty()
                            ? ask(open -> open.addresses(host))
                            : CompletableFuture.completedFuture(Answer.of(wanted));
                });
    }

    @Override
    public CompletableFuture<Answer<String>> texts(String name) {
        return ask(open -> open.texts(name));
    }

    @Override
    public CompletableFuture<Answer<SrvRecord>> services(String name) {
        return ask(open -> open.services(name));
    }

    private <T> CompletableFuture<Answer<T>> ask(Function<DnsSession, CompletableFuture<Answer<T>>> question) {
        return session().thenCompose(question);
    }

    /** The one session of this round: opened by whoever asks first. */
    private CompletableFuture<DnsSession> session() {
        CompletableFuture<DnsSession> mine = new CompletableFuture<>();
        CompletableFuture<DnsSession> known = session.compareAndExchange(null, mine);
        if (known != null) {
            return known;
        }
        CompletableFuture<?> unused = servers()
                .thenApplyAsync(servers -> new DnsSession(preferred, servers, options), DnsThread::execute)
                .whenComplete((opened, failure) -> {
                    if (failure == null) {
                        mine.complete(opened);
                    } else {
                        mine.completeExceptionally(failure);
                    }
                });
        return mine;
    }

    /** The servers with their addresses; none for those of the system. */
    private CompletableFuture<List<InetSocketAddress>> servers() {
        List<InetSocketAddress> wanted = server == null
                ? options.servers()
                : List.of(InetSocketAddress.createUnresolved(server.host(), server.port()));
        CompletableFuture<List<InetSocketAddress>> resolved = CompletableFuture.completedFuture(new ArrayList<>());
        for (InetSocketAddress one : wanted) {
            resolved = resolved.thenCombine(addressesOf(one), (all, some) -> {
                all.addAll(some);
                return all;
            });
        }
        return resolved;
    }

    private static CompletableFuture<List<InetSocketAddress>> addressesOf(InetSocketAddress server) {
        return server.isUnresolved()
                ? HostLookup.all(server.getHostString())
                        .thenApply(found -> found.stream()
                                .map(address -> new InetSocketAddress(address, server.getPort()))
                                .toList())
                : CompletableFuture.completedFuture(List.of(server));
    }

    @Override
    public void close() {
        CompletableFuture<DnsSession> opened = session.getAndSet(CLOSED);
        if (opened != null) {
            CompletableFuture<?> unused = opened.thenAccept(DnsSession::close);
        }
    }

    @Override
    public String toString() {
        if (server != null) {
            return "the name server " + server;
        }
        return options.servers().isEmpty() ? "the name servers of the system" : "the name servers " + options.servers();
    }
}
