package io.peregrine.transport.tls;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Holds a connection back before its TCP handshake until a look at the files is over, which goes on elsewhere, then
 * puts the TLS handler in its own place. A file system that does not answer holds nobody back for longer than {@link
 * #LIMIT_MS}: what was read before will do.
 */
final class ReloadBeforeConnect extends ChannelOutboundHandlerAdapter {
    private static final long LIMIT_MS = 1000;

    private final CompletableFuture<Void> check;
    private final Supplier<ChannelHandler> tls;

    ReloadBeforeConnect(CompletableFuture<Void> check, Supplier<ChannelHandler> tls) {
        this.check = check;
        this.tls = tls;
    }

    @Override
    public void connect(ChannelHandlerContext ctx, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
        CompletableFuture<Void> unused = check.copy()
                .completeOnTimeout(null, LIMIT_MS, TimeUnit.MILLISECONDS)
                .whenComplete((done, failure) -> ctx.executor().execute(() -> goOn(ctx, remote, local, promise)));
    }

    private void goOn(ChannelHandlerContext ctx, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
        if (ctx.isRemoved()) {
            promise.tryFailure(new ClosedChannelException());
            return;
        }
        ctx.pipeline().addBefore(ctx.name(), null, tls.get());
        ChannelFuture unused = ctx.connect(remote, local, promise);
        ctx.pipeline().remove(this);
    }
}
