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
import io.peregrine.transport.proxy.ProxiedAddress;
import io.peregrine.transport.proxy.ProxyHandshake;
import io.peregrine.transport.tls.ClientTls;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Opens HTTP/2 connections over TCP, with TLS or with prior knowledge (SPEC H2-1). Immutable; any thread.
 */
public final class Http2Connector {
    private final EventLoops eventLoops;
    private final SocketTuning tuning;
    private final TransportOptions options;
    private final @Nullable ClientTls tls;

    /** Describes how to connect; {@code tls} is null for plaintext. */
    public Http2Connector(
            EventLoops eventLoops, SocketTuning tuning, TransportOptions options, @Nullable ClientTls tls) {
        this.eventLoops = eventLoops;
        this.tuning = tuning;
        this.options = options;
        this.tls = tls;
    }

    /**
     * Begins to connect and returns at once; the listener is told how it ends.
     *
     * @param address a resolved address, or a {@link ProxiedAddress} whose proxy address is resolved
     * @param host the name that TLS sends and verifies
     */
    public ClientTransport connect(SocketAddress address, String host, TransportListener listener) {
        EventLoop eventLoop = eventLoops.next();
        Channel channel = new ReflectiveChannelFactory<>(eventLoops.backend().channelClass()).newChannel();
        PeerLabel peerLabel = new PeerLabel(address, host);
        Http2ClientConnection connection = new Http2ClientConnection(channel, eventLoop, peerLabel, options, listener);
        ProxiedAddress proxied = address instanceof ProxiedAddress tunnel ? tunnel : null;
        SocketAddress target = proxied == null ? address : proxied.target();
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
                            initialized.pipeline().addLast(newTlsHandler(tls, initialized, target, host));
                        }
                        initialized.pipeline().addLast(connection);
                    }
                });
        tuning.applyTo(bootstrap, eventLoops.backend());
        SocketAddress firstHop = proxied == null ? address : proxied.proxyAddress();
        bootstrap.connect(firstHop).addListener((ChannelFuture connected) -> {
            if (!connected.isSuccess()) {
                Throwable cause = connected.cause();
                connection.onConnectFailure(proxied == null ? cause : proxied.unreachable(cause));
            }
        });
        return connection;
    }

    private SslHandler newTlsHandler(ClientTls tls, Channel channel, SocketAddress address, String host) {
        int port = address instanceof InetSocketAddress inet ? inet.getPort() : 0;
        SslHandler handler = tls.newHandler(channel.alloc(), host, port);
        handler.setHandshakeTimeoutMillis(options.connectTimeout().toMillis());
        return handler;
    }
}
