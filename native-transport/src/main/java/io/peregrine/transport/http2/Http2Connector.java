package io.peregrine.transport.http2;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.handler.ssl.SslHandler;
import io.peregrine.allocation.Buffers;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import io.peregrine.transport.tls.ClientTls;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Opens HTTP/2 connections over TCP, with TLS or with prior knowledge (SPEC H2-1). Immutable; any thread.
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
     * Begins to connect and returns at once; the listener is told how it ends.
     *
     * @param address a resolved address
     * @param host the name that TLS sends and verifies
     */
    public ClientTransport connect(SocketAddress address, String host, TransportListener listener) {
        EventLoop eventLoop = eventLoops.next();
        Channel channel = new ReflectiveChannelFactory<>(eventLoops.backend().channelClass()).newChannel();
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
                        if (tls != null) {
                            initialized.pipeline().addLast(newTlsHandler(tls, initialized, address, host));
                        }
                        initialized.pipeline().addLast(connection);
                    }
                });
        tune(bootstrap);
        bootstrap.connect(address).addListener((ChannelFuture connected) -> {
            if (!connected.isSuccess()) {
                connection.onConnectFailure(connected.cause());
            }
        });
        return connection;
    }

    /** Sets the socket options: that of keepalive first, so that whatever the caller has tuned takes its place. */
    void tune(Bootstrap bootstrap) {
        if (keepAliveTuning != null) {
            keepAliveTuning.applyTo(bootstrap, eventLoops.backend());
        }
        tuning.applyTo(bootstrap, eventLoops.backend());
    }

    private SslHandler newTlsHandler(ClientTls tls, Channel channel, SocketAddress address, String host) {
        int port = address instanceof InetSocketAddress inet ? inet.getPort() : 0;
        SslHandler handler = tls.newHandler(channel.alloc(), host, port);
        handler.setHandshakeTimeoutMillis(options.connectTimeout().toMillis());
        return handler;
    }
}
