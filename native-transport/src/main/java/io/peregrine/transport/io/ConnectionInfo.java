package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * One open connection as an operator sees it. It describes the socket that it was made for and stays readable when
 * that is closed. Every method may be called from any thread and none blocks.
 */
public final class ConnectionInfo {
    private final Channel channel;
    private final IoBackend backend;
    private final SocketAddress remoteAddress;
    private final Optional<InetSocketAddress> localAddress;
    private final @Nullable SSLEngine engine;

    private ConnectionInfo(Channel channel, IoBackend backend, SocketAddress remoteAddress) {
        this.channel = channel;
        this.backend = backend;
        this.remoteAddress = remoteAddress;
        this.localAddress =
                channel.localAddress() instanceof InetSocketAddress inet ? Optional.of(inet) : Optional.empty();
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        this.engine = handler == null ? null : handler.engine();
    }

    /**
     * Describes the socket of {@code channel}.
     *
     * @param remoteAddress whom the connection is meant for, which is not the socket's peer behind a proxy
     * @return empty unless the socket is connected and belongs to an {@link IoBackend}
     */
    public static Optional<ConnectionInfo> of(Channel channel, SocketAddress remoteAddress) {
        requireNonNull(remoteAddress, "remoteAddress");
        if (!channel.isActive()) {
            return Optional.empty();
        }
        return IoBackend.of(channel).map(backend -> new ConnectionInfo(channel, backend, remoteAddress));
    }

    /** Returns the server's address. */
    public SocketAddress remoteAddress() {
        return remoteAddress;
    }

    /** Returns this end of the connection; empty for unix domain sockets, whose client end has no name. */
    public Optional<InetSocketAddress> localAddress() {
        return localAddress;
    }

    /** Returns what drives the socket. */
    public IoBackend backend() {
        return backend;
    }

    /** Returns whether the connection is secured by TLS. */
    public boolean isTls() {
        return engine != null;
    }

    /** Returns the TLS session, which names the peer's certificates once the handshake is complete; empty without TLS. */
    public Optional<SSLSession> tlsSession() {
        return Optional.ofNullable(engine).map(SSLEngine::getSession);
    }

    /**
     * Asks the kernel how the connection is doing: one task on the event loop and one system call.
     *
     * @return completes on the event loop, never exceptionally; empty if the connection is closed, is not TCP, or its
     *     backend cannot tell (kqueue, NIO)
     */
    public CompletionStage<Optional<TcpTelemetry>> tcpTelemetry() {
        CompletableFuture<Optional<TcpTelemetry>> answer = new CompletableFuture<>();
        try {
            channel.eventLoop().execute(() -> answer.complete(TcpTelemetry.read(channel)));
        } catch (RejectedExecutionException loopIsGone) {
            // A loop that has ended has closed its connections.
            answer.complete(Optional.empty());
        }
        return answer.minimalCompletionStage();
    }

    @Override
    public String toString() {
        return "ConnectionInfo[" + localAddress.map(local -> local + " -> ").orElse("") + remoteAddress + ", "
                + backend.lowerCaseName() + (isTls() ? ", TLS]" : ", plaintext]");
    }
}
