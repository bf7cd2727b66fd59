package io.peregrine.transport.tls;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.net.InetAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;

/** Connects to 127.0.0.1 as a transport would: TLS first in the pipeline, HTTP/2 required, then the first byte. */
final class TlsClient implements AutoCloseable {
    private static final long LIMIT_S = 30;

    /** What was agreed with the server that sent its first byte. */
    record Session(String protocol, String applicationProtocol, String cipherSuite) {}

    private final EventLoops loops = EventLoops.create(1);
    private long handshakeTimeoutMs = 10_000;

    TlsClient handshakeTimeoutMs(long timeoutMs) {
        handshakeTimeoutMs = timeoutMs;
        return this;
    }

    /** Returns what was agreed, or throws what a transport would have got to see. */
    Session connect(ClientTls tls, String host, int port) throws Throwable {
        CompletableFuture<Session> outcome = new CompletableFuture<>();
        Bootstrap bootstrap = new Bootstrap()
                .group(loops.next())
                .channel(loops.backend().channelClass())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        tls.addTo(channel.pipeline(), host, port, Duration.ofMillis(handshakeTimeoutMs));
                        channel.pipeline().addLast(new Observer(outcome));
                    }
                });
        SocketTuning.defaults().applyTo(bootstrap, loops.backend());
        Channel channel = bootstrap
                .connect(InetAddress.getLoopbackAddress(), port)
                .syncUninterruptibly()
                .channel();
        try {
            return outcome.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        } finally {
            channel.close().syncUninterruptibly();
        }
    }

    /** Returns the sentence about the failure that must come. */
    String describeFailure(ClientTls tls, String host, int port) throws Throwable {
        Session session;
        try {
            session = connect(tls, host, port);
        } catch (Exception e) {
            return TlsFailures.describe(e, host);
        }
        throw new AssertionError("connected: " + session);
    }

    @Override
    public void close() {
        loops.close();
        loops.closeFuture().toCompletableFuture().join();
    }

    private static final class Observer extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Session> outcome;

        Observer(CompletableFuture<Session> outcome) {
            this.outcome = outcome;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    requireH2(context.pipeline().get(SslHandler.class));
                } else {
                    outcome.completeExceptionally(handshake.cause());
                }
            }
        }

        private void requireH2(SslHandler handler) {
            try {
                ClientTls.requireH2(handler);
            } catch (AlpnException e) {
                outcome.completeExceptionally(e);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            SslHandler handler = context.pipeline().get(SslHandler.class);
            SSLSession session = handler.engine().getSession();
            outcome.complete(
                    new Session(session.getProtocol(), handler.applicationProtocol(), session.getCipherSuite()));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            outcome.completeExceptionally(cause instanceof DecoderException ? cause.getCause() : cause);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            outcome.completeExceptionally(new ClosedChannelException());
        }
    }
}
