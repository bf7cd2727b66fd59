package io.peregrine.client.internal.control;

import io.peregrine.client.resolver.HostLookup;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.proxy.ProxiedAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a channel: opens them, and knows those that are open, also when their subchannel has let go of them
 * and they only finish their calls. Confined to the channel's serialised context, but for {@link #infos()}.
 */
public final class Transports {
    private static final System.Logger LOG = System.getLogger(Transports.class.getName());

    private final SyncContext context;

    /** Changed in the context only; read by {@link #infos()} on any thread. */
    private final Set<ClientTransport> open = ConcurrentHashMap.newKeySet();

    private Http2Connector connector;

    /** Of those that are not open any more. */
    private long closedStreams;

    Transports(SyncContext context, Http2Connector connector) {
        this.context = context;
        this.connector = connector;
    }

    /**
     * Begins to connect, and looks up a host that is only named.
     *
     * @param serverName the name that TLS verifies
     * @param backoffNs the delay that follows if this attempt fails: it may take as long (SPEC D4)
     */
    ClientTransport open(SocketAddress address, String serverName, long backoffNs, TransportListener listener) {
        context.requireInContext();
        Http2Connector patient = connector.forAttempt(backoffNs);
        ClientTransport transport;
        if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
            transport = resolving(
                    inet, patient, (resolved, looked) -> patient.connect(resolved, serverName, looked), listener);
        } else if (address instanceof ProxiedAddress proxied
                && proxied.proxyAddress().isUnresolved()) {
            transport = resolving(
                    proxied.proxyAddress(),
                    patient,
                    (resolved, looked) -> patient.connect(proxied.through(resolved), serverName, looked),
                    listener);
        } else {
            transport = patient.connect(address, serverName, listener);
        }
        open.add(transport);
        return transport;
    }

    /** The look-up has as much time as the rest of the attempt: it is not ours, and may hang. */
    private ClientTransport resolving(
            InetSocketAddress named,
            Http2Connector patient,
            ResolvingTransport.Connecting connecting,
            TransportListener listener) {
        return new ResolvingTransport(
                named,
                HostLookup.all(named.getHostString()),
                patient.connectTimeout().toNanos(),
                context,
                connecting,
                listener);
    }

    /** It has ended, and no call has anything of it to read. */
    void onClosed(ClientTransport transport) {
        if (open.remove(transport)) {
            closedStreams += transport.startedStreams();
        }
    }

    boolean isEmpty() {
        return open.isEmpty();
    }

    /** Lets their calls end, then closes them. */
    void shutdown(String reason) {
        List.copyOf(open).forEach(transport -> transport.shutdown(reason));
    }

    /** Closes them; their calls fail. */
    void shutdownNow(String reason) {
        List.copyOf(open).forEach(transport -> transport.shutdownNow(reason));
    }

    /** How many streams all of them have started so far, those that are closed too; see {@link IdleTimer}. */
    long startedStreams() {
        long started = closedStreams;
        for (ClientTransport transport : open) {
            started += transport.startedStreams();
        }
        return started;
    }

    /** How many streams are open on them, or wait to be. */
    long openStreams() {
        long streams = 0;
        for (ClientTransport transport : open) {
            // Before the first one it may not have a capacity, as it looks up its address.
            if (transport.startedStreams() > 0) {
                streams += transport.capacity().open() + transport.capacity().waiting();
            }
        }
        return streams;
    }

    /** The connections for operators. Any thread. */
    List<ConnectionInfo> infos() {
        return open.stream()
                .flatMap(transport -> transport.connectionInfo().stream())
                .toList();
    }

    /** KA-6. Connections that were opened with the same time are to double it once, not once each. */
    void onTooManyPings(SocketAddress address, @Nullable KeepAliveOptions refused) {
        KeepAliveOptions current = connector.keepAlive();
        if (refused == null || current == null) {
            LOG.log(System.Logger.Level.WARNING, "{0} complains of too many PINGs, without keepalive", address);
        } else if (refused.doubled().time().compareTo(current.time()) > 0) {
            KeepAliveOptions slower = refused.doubled();
            connector = connector.withKeepAlive(slower);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} complains of too many PINGs: the keepalive time of future connections is {1} instead of {2}",
                    address,
                    slower.time(),
                    current.time());
        }
    }
}
