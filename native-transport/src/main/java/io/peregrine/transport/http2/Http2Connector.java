package io.peregrine.transport.http2;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.peregrine.allocation.Buffers;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import io.peregrine.transport.proxy.ProxiedAddress;
import io.peregrine.transport.proxy.ProxyHandshake;
import io.peregrine.transport.tls.ClientTls;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Opens HTTP/2 connections over TCP and unix domain sockets, with TLS or with prior knowledge (SPEC H2-1). Immutable;
 * any thread.
 */
public final class Http2Connector {
    /** The range of {@link SocketTuning.Builder#tcpUserTimeout}. */
    private static final long MIN_USER_TIMEOUT_MS = 100;

    private static final long MAX_USER_TIMEOUT_MS = Duration.ofHours(1).toMillis();

    private final EventLoops eventLoops;
    private final SocketTuning tuning;
    private final TransportOptions options;
    private final @Nullable ClientTls tls;
    private final @Nullable SocketTuning keepAliveTuning;

    /** Describes how to connect; {@code tls} is null for plaintext. */
    public Http2Connector(
            EventLoops eventLoops, SocketTuning tuning, TransportOptions options, @Nullable ClientTls tls) {
        this.eventLoops = eventLoops;
        this.tuning = tuning;
        this.options = options;
        this.tls = tls;
        KeepAliveOptions keepAlive = options.keepAlive();
        this.keepAliveTuning = keepAlive == null ? null : userTimeout(keepAlive.timeout());
    }

    /** Returns a connector that differs in the keepalive of connections to come; null: none. */
    public Http2Connector withKeepAlive(@Nullable KeepAliveOptions keepAlive) {
        TransportOptions changed = options.toBuilder().keepAlive(keepAlive).build();
        return new Http2Connector(eventLoops, tuning, changed, tls);
    }

    /** Returns the keepalive of connections to come; null: none. */
    public @Nullable KeepAliveOptions keepAlive() {
        return options.keepAlive();
    }

    /** Data that the peer does not acknowledge ends the connection as silence does (SPEC KA-5). */
    private static SocketTuning userTimeout(Duration timeout) {
        long millis = Math.max(MIN_USER_TIMEOUT_MS, Math.min(timeout.toMillis(), MAX_USER_TIMEOUT_MS));
        return SocketTuning.builder().tcpUserTimeout(Duration.ofMillis(millis)).build();
    }

    /**
     * This connector for an attempt whose failure costs a delay: it may take as long, TCP, TLS and SETTINGS together
     * (SPEC D4), so that a server which needs more than the default limits is reached in the end. A limit below the
     * default is someone's decision, and stays.
     *
     * @param backoffNs the delay before the next attempt, in nanoseconds
     */
    public Http2Connector forAttempt(long backoffNs) {
        Duration limit = options.connectTimeout();
        Duration backoff = Duration.ofNanos(backoffNs);
        boolean shortened = limit.compareTo(TransportOptions.defaults().connectTimeout()) < 0;
        if (shortened || limit.compareTo(backoff) >= 0) {
            return this;
        }
        TransportOptions extended = options.toBuilder().connectTimeout(backoff).build();
        return new Http2Connector(eventLoops, tuning, extended, tls);
    }

    /** How long an attempt may take until the server's SETTINGS have come. */
    public Duration connectTimeout() {
        return options.connectTimeout();
    }

    /**
     * Begins to connect and returns at once; the listener is told how it ends.
     *
     * @param address a resolved address, that of a unix domain socket, or a {@link ProxiedAddress} whose proxy address
     *     is resolved
     * @param host the name that TLS sends and verifies
     * @throws IllegalArgumentException as for {@link IoBackend#connectAddress}
     */
    public ClientTransport connect(SocketAddress address, String host, TransportListener listener) {
        IoBackend backend = eventLoops.backend();
        ProxiedAddress proxied = address instanceof ProxiedAddress tunnel ? tunnel : null;
        SocketAddress target = proxied == null ? address : proxied.target();
        SocketAddress firstHop = proxied == null ? address : proxied.proxyAddress();
        SocketAddress connectAddress = backend.connectAddress(firstHop);
        Channel channel = backend.newChannel(firstHop);
        EventLoop eventLoop = place(channel);
        PeerLabel peerLabel = new PeerLabel(address, host);
        Http2ClientConnection connection = new Http2ClientConnection(channel, eventLoop, peerLabel, options, listener);
        Bootstrap bootstrap = new Bootstrap()
                .group(eventLoop)
                .channelFactory(() -> channel)
                .option(ChannelOption.ALLOCATOR, Buffers.allocator())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel initialized) {
                        eventLoops.track(initialized);
                        if (proxied != null) {
                            initialized
                                    .pipeline()
                                    .addLast(ProxyHandshake.newHandler(proxied, connection::onConnectFailure));
                        }
                        if (tls != null) {
                            int port = target instanceof InetSocketAddress inet ? inet.getPort() : 0;
                            tls.addTo(initialized.pipeline(), host, port, options.connectTimeout());
                        }
                        initialized.pipeline().addLast(connection);
                    }

                    /** It serves one channel. Netty would look for an annotation, which makes and loads classes. */
                    @Override
                    public boolean isSharable() {
                        return false;
                    }
                });
        tune(bootstrap, firstHop);
        bootstrap.connect(connectAddress).addListener((ChannelFuture connected) -> {
            if (!connected.isSuccess()) {
                Throwable cause = connected.cause();
                connection.onConnectFailure(proxied == null ? cause : proxied.unreachable(cause));
            }
        });
        return connection;
    }

    private EventLoop place(Channel channel) {
        try {
            return eventLoops.place(channel);
        } catch (IllegalStateException loopsAreClosed) {
            // It has a socket already, and no loop that would close it.
            channel.unsafe().closeForcibly();
            throw loopsAreClosed;
        }
    }

    /** Sets the socket options: that of keepalive first, so that whatever the caller has tuned takes its place. */
    void tune(Bootstrap bootstrap, SocketAddress address) {
        IoBackend backend = eventLoops.backend();
        if (keepAliveTuning != null) {
            keepAliveTuning.applyTo(bootstrap, backend, address);
        }
        tuning.applyTo(bootstrap, backend, address);
        if (tuning.connectTimeout().equals(SocketTuning.defaults().connectTimeout())) {
            // Not a limit of its own: TCP is a part of the attempt, whose timer says what was missing.
            bootstrap.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0);
        }
    }
}
