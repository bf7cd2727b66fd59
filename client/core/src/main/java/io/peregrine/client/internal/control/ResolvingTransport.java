package io.peregrine.client.internal.control;

import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.DisconnectReason;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.StreamCapacity;
import io.peregrine.transport.http2.TransportListener;
import io.peregrine.transport.http2.TransportStream;
import io.peregrine.transport.io.ConnectionInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a name, the server's or its proxy's: looked up first, off the event loops, and then to its first
 * address. What may start or end it runs in the channel's serialised context; calls come from any thread once it is ready.
 */
final class ResolvingTransport implements ClientTransport, TransportListener {
    /** Connects once the address is known. */
    interface Connecting {
        /** Begins to connect to the address; the listener is told how it ends. */
        ClientTransport connect(InetSocketAddress resolved, TransportListener listener);
    }

    private final InetSocketAddress address;
    private final SyncContext context;
    private final Connecting connecting;
    private final TransportListener listener;
    private final SyncContext.ScheduledTask limit;

    /** Set in the context once the name is looked up; read by calls. */
    private volatile @Nullable ClientTransport connected;

    private boolean ended;

    /**
     * Waits for the addresses of a name.
     *
     * @param lookUp asks for them; it cannot be ended, and what it says too late is not heard
     * @param limitNs how long to wait, as for any other part of an attempt (SPEC D4)
     */
    ResolvingTransport(
            InetSocketAddress address,
            CompletableFuture<List<InetAddress>> lookUp,
            long limitNs,
            SyncContext context,
            Connecting connecting,
            TransportListener listener) {
        this.address = address;
        this.context = context;
        this.connecting = connecting;
        this.listener = listener;
        this.limit = context.schedule(limitNs, () -> onLate(limitNs));
        CompletableFuture<?> unused =
                lookUp.whenComplete((found, failure) -> context.execute(() -> onAnswer(found, failure)));
    }

    private void onLate(long limitNs) {
        if (!ended) {
            long limitMs = TimeUnit.NANOSECONDS.toMillis(limitNs);
            endUnconnected(failed("no answer within " + limitMs + " ms"), null);
        }
    }

    private String failed(String reason) {
        return "name resolution of \"" + address.getHostString() + "\" failed: " + reason;
    }

    private void onAnswer(@Nullable List<InetAddress> found, @Nullable Throwable failure) {
        if (ended) {
            return;
        }
        limit.cancel();
        if (found == null) {
            String reason = failure == null ? "no answer" : String.valueOf(failure.getMessage());
            endUnconnected(failed(reason), failure);
            return;
        }
        try {
            connected = connecting.connect(new InetSocketAddress(found.get(0), address.getPort()), this);
        } catch (RuntimeException refused) {
            endUnconnected("cannot connect to " + address + ": " + refused.getMessage(), refused);
        }
    }

    /** It has ended now: an answer that waits in the context must not open what nobody would close. */
    private void endUnconnected(String reason, @Nullable Throwable cause) {
        context.requireInContext();
        ended = true;
        limit.cancel();
        context.execute(() -> listener.onTerminated(reason, cause));
        context.execute(listener::onReleased);
    }

    @Override
    public void signal(TransportStream stream) {
        ClientTransport transport = connected;
        if (transport != null) {
            transport.signal(stream);
        }
    }

    @Override
    public StartResult start(TransportStream stream) {
        ClientTransport transport = connected;
        return transport == null ? StartResult.CLOSED : transport.start(stream);
    }

    @Override
    public void cancel(TransportStream stream) {
        ClientTransport transport = connected;
        if (transport != null) {
            transport.cancel(stream);
        }
    }

    @Override
    public void shutdown(String reason) {
        ClientTransport transport = connected;
        if (transport != null) {
            transport.shutdown(reason);
        } else if (!ended) {
            endUnconnected(reason, null);
        }
    }

    @Override
    public void shutdownNow(String reason) {
        ClientTransport transport = connected;
        if (transport != null) {
            transport.shutdownNow(reason);
        } else if (!ended) {
            endUnconnected(reason, null);
        }
    }

    @Override
    public long startedStreams() {
        ClientTransport transport = connected;
        return transport == null ? 0 : transport.startedStreams();
    }

    @Override
    public StreamCapacity capacity() {
        return carrier().capacity();
    }

    @Override
    public ClientTransport carrier() {
        ClientTransport transport = connected;
        if (transport == null) {
            throw new IllegalStateException("\"" + address.getHostString() + "\" is not looked up yet");
        }
        return transport;
    }

    @Override
    public SocketAddress remoteAddress() {
        ClientTransport transport = connected;
        return transport == null ? address : transport.remoteAddress();
    }

    @Override
    public Optional<ConnectionInfo> connectionInfo() {
        ClientTransport transport = connected;
        return transport == null ? Optional.empty() : transport.connectionInfo();
    }

    @Override
    public void onReady() {
        listener.onReady();
    }

    @Override
    public void onFirstResponse() {
        listener.onFirstResponse();
    }

    @Override
    public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
        listener.onTooManyPings(keepAlive);
    }

    @Override
    public void onPressure() {
        listener.onPressure();
    }

    @Override
    public void onRoom() {
        listener.onRoom();
    }

    @Override
    public void onDisconnect(DisconnectReason reason) {
        listener.onDisconnect(reason);
    }

    @Override
    public void onDraining(String reason) {
        listener.onDraining(reason);
    }

    @Override
    public void onTerminated(String reason, @Nullable Throwable cause) {
        context.execute(() -> {
            if (!ended) {
                ended = true;
                listener.onTerminated(reason, cause);
            }
        });
    }

    @Override
    public void onReleased() {
        context.execute(listener::onReleased);
    }
}
