package io.peregrine.jmh.peer;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What a machine lets a client have that works with Netty's epoll: requests made beforehand are written one by one, and
 * flushed when a read has ended; responses are counted. It takes responses to come in the order of the requests, as the
 * echo servers send them, so that there is no table of streams.
 */
final class FloorLoop extends ChannelInboundHandlerAdapter {
    private static final long CONNECT_SECONDS = 10;

    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("floor", true), EpollIoHandler.newFactory());
    private final String authority;
    private final Channel channel;
    private final ArrayDeque<Call> outstanding = new ArrayDeque<>();
    private final ByteBuf replies = Unpooled.buffer();
    private final FloorScanner scanner = new FloorScanner(replies);
    private final CountDownLatch primed = new CountDownLatch(1);
    private int streamId = FloorFrames.FIRST_STREAM_ID;

    /** Connects, and makes the first call, which fills the header table. */
    FloorLoop(ClientSetup setup) {
        InetSocketAddress address = FloorClient.plaintextAddress(setup);
        this.authority = setup.address();
        this.channel = new Bootstrap()
                .group(group)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(this)
                .connect(address)
                .syncUninterruptibly()
                .channel();
        try {
            if (!primed.await(CONNECT_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(
                        "first call to " + address + ": no response within " + CONNECT_SECONDS + " s");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while connecting to " + address, interrupted);
        }
    }

    /** A call to be started again and again. */
    EchoClient.RepeatedCall newCall(EchoClient.Completion completion) {
        return new Call(FloorFrames.request(new byte[Payload.BYTES]), completion);
    }

    /** A call that its caller waits for, parked; one thread at a time. */
    HandOff newHandOff() {
        return new HandOff(this);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        Call first = new Call(FloorFrames.firstRequest(authority, Payload.METHOD, new byte[Payload.BYTES]), failure -> {
            if (failure == null) {
                primed.countDown();
            }
        });
        streamId += FloorFrames.STREAM_ID_STEP;
        outstanding.add(first);
        context.write(FloorFrames.preface());
        context.writeAndFlush(first.request);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            for (int ended = scanner.scan(in); ended > 0; ended--) {
                outstanding.remove().completion.onEnd(null);
            }
        } finally {
            in.release();
        }
        if (replies.isReadable()) {
            context.write(replies.copy(), context.voidPromise());
            replies.clear();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(new IllegalStateException("the connection was closed"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(cause);
        context.close();
    }

    private void fail(Throwable cause) {
        for (Call call = outstanding.poll(); call != null; call = outstanding.poll()) {
            call.completion.onEnd(cause);
        }
    }

    void close() {
        channel.close().syncUninterruptibly();
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    /** Its request is written again when the response has come, and so after it has left. */
    private final class Call implements EchoClient.RepeatedCall, Runnable {
        private final ByteBuf request;
        private final EchoClient.Completion completion;

        Call(ByteBuf request, EchoClient.Completion completion) {
            this.request = request;
            this.completion = completion;
        }

        @Override
        public void start() {
            if (channel.eventLoop().inEventLoop()) {
                write();
            } else {
                channel.eventLoop().execute(this);
            }
        }

        @Override
        public void run() {
            write();
            channel.flush();
        }

        private void write() {
            if (streamId < 0) {
                completion.onEnd(new IllegalStateException("streams: all used up (expected: a shorter run)"));
                return;
            }
            FloorFrames.setStreamId(request, streamId);
            streamId += FloorFrames.STREAM_ID_STEP;
            outstanding.add(this);
            channel.write(request.retain().readerIndex(0), channel.voidPromise());
        }
    }

    /** Hands a call to the loop and parks until the loop unparks it. */
    static final class HandOff implements EchoClient.Completion {
        private final EchoClient.RepeatedCall call;
        private @Nullable Thread caller;
        private @Nullable Throwable failure;

        /** Written by the loop last, and read by the caller first; with it, {@link #failure} becomes visible. */
        private volatile boolean done;

        private HandOff(FloorLoop loop) {
            this.call = loop.newCall(this);
        }

        void call() {
            done = false;
            caller = Thread.currentThread();
            call.start();
            while (!done) {
                LockSupport.park(this);
            }
            if (failure != null) {
                throw new IllegalStateException("a call failed: " + failure.getMessage(), failure);
            }
        }

        @Override
        public void onEnd(@Nullable Throwable thrown) {
            failure = thrown;
            Thread waiting = caller;
            done = true;
            LockSupport.unpark(waiting);
        }
    }
}
