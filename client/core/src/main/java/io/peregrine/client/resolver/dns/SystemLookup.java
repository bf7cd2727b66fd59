package io.peregrine.client.resolver.dns;

import io.peregrine.client.resolver.HostLookup;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Asks the system for addresses, and name servers for what the system cannot tell. The system does not say whether a
 * name is unknown or its servers cannot be asked, so that both fail.
 *
 * <p>A look-up of the system cannot be ended. One that outlasts its round answers the next, rather than occupy a second
 * thread.
 */
final class SystemLookup implements Lookup {
    private final Pending pending;
    private final AddressFamilies families;
    private final Lookup servers;

    SystemLookup(Pending pending, AddressFamilies families, Lookup servers) {
        this.pending = pending;
        this.families = families;
        this.servers = servers;
    }

    /** The look-up under way of one resolver, across its rounds. */
    static final class Pending {
        private final Function<String, CompletableFuture<List<InetAddress>>> system;
        private CompletableFuture<List<InetAddress>> last = CompletableFuture.completedFuture(List.of());

        Pending() {
            this(HostLookup::all);
        }

        Pending(Function<String, CompletableFuture<List<InetAddress>>> system) {
            this.system = system;
        }

        /** In the resolver's context: one at a time. The host is always the same. */
        CompletableFuture<List<InetAddress>> ask(String host) {
            if (last.isDone()) {
                last = system.apply(host);
            }
            return last;
        }
    }

    @Override
    public CompletableFuture<Answer<InetAddress>> addresses(String host) {
        return pending.ask(host).thenApply(found -> Answer.of(families.arrange(found)));
    }

    @Override
    public CompletableFuture<Answer<String>> texts(String name) {
        return servers.texts(name);
    }

    @Override
    public CompletableFuture<Answer<SrvRecord>> services(String name) {
        return servers.services(name);
    }

    @Override
    public void close() {
        servers.close();
    }

    @Override
    public String toString() {
        return "the system";
    }
}
