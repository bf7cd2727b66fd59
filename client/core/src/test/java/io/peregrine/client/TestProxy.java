package io.peregrine.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.socksx.v5.DefaultSocks5CommandResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5InitialResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5PasswordAuthResponse;
import io.netty.handler.codec.socksx.v5.Socks5AddressType;
import io.netty.handler.codec.socksx.v5.Socks5AuthMethod;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequest;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5CommandStatus;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequest;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequest;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthStatus;
import io.netty.handler.codec.socksx.v5.Socks5ServerEncoder;
import io.netty.util.ReferenceCountUtil;
import io.peregrine.transport.proxy.ProxyServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A proxy on a loopback port of its own. A real one speaks through Netty's own codecs, and leads every tunnel to the
 * loopback interface, whatever host it was asked for; the others answer the first bytes as a test wants it.
 */
final class TestProxy implements AutoCloseable {
    static final String USER = "ana";
    static final String PASSWORD = "s3cret";

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Queue<String> asked = new ConcurrentLinkedQueue<>();
    private final BlockingQueue<Runnable> held = new LinkedBlockingQueue<>();

    /** One party for each connection that is open, and one for the test. */
    private final Phaser connections = new Phaser(1);

    private final Channel listener;
    private final boolean login;
    private final boolean holding;

    private TestProxy(boolean login, boolean holding, Function<TestProxy, List<ChannelHandler>> handlers) {
        this.login = login;
        this.holding = holding;
        this.listener = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.register();
                        channel.closeFuture().addListener(closed -> connections.arriveAndDeregister());
                        channel.pipeline()
                                .addLast(handlers.apply(TestProxy.this).toArray(ChannelHandler[]::new));
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    /** A proxy that speaks HTTP CONNECT; with {@code login} it insists on {@link #USER}. */
    static TestProxy http(boolean login) {
        return new TestProxy(login, false, TestProxy::httpHandlers);
    }

    /** A proxy that speaks SOCKS5; with {@code login} it insists on {@link #USER}. */
    static TestProxy socks5(boolean login) {
        return new TestProxy(login, false, TestProxy::socksHandlers);
    }

    /** A proxy that speaks HTTP CONNECT, and answers only when {@link #answerHeld} is called. */
    static TestProxy late() {
        return new TestProxy(false, true, TestProxy::httpHandlers);
    }

    /** Answers the first bytes with these, in one segment. */
    static TestProxy answering(byte[] answer, boolean thenClose) {
        return new TestProxy(
                false,
                false,
                proxy -> List.of(new FirstRead(ctx -> {
                    ChannelFuture written = ctx.writeAndFlush(Unpooled.wrappedBuffer(answer));
                    if (thenClose) {
                        written.addListener(ChannelFutureListener.CLOSE);
                    }
                })));
    }

    /** Answers the first bytes with this text. */
    static TestProxy answering(String answer, boolean thenClose) {
        return answering(answer.getBytes(StandardCharsets.ISO_8859_1), thenClose);
    }

    /** Reads and never answers. */
    static TestProxy silent() {
        return new TestProxy(false, false, proxy -> List.of(new FirstRead(ctx -> {})));
    }

    /** Closes every connection at once. */
    static TestProxy closing() {
        return new TestProxy(
                false,
                false,
                proxy -> List.of(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        close(ctx.channel());
                    }
                }));
    }

    int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    String label() {
        return "proxy 127.0.0.1:" + port();
    }

    ProxyServer asHttp() {
        ProxyServer server = ProxyServer.httpConnect("127.0.0.1", port());
        return login ? server.withCredentials(USER, PASSWORD) : server;
    }

    ProxyServer asSocks5() {
        ProxyServer server = ProxyServer.socks5("127.0.0.1", port());
        return login ? server.withCredentials(USER, PASSWORD) : server;
    }

    /** What tunnels were opened to, as the clients wrote it; SOCKS5 with {@code address } in front of an IP address. */
    Queue<String> asked() {
        return asked;
    }

    /** Waits for a request that is held back, and answers it. */
    void answerHeld(Runnable before) throws InterruptedException {
        Runnable answer = held.poll(20, TimeUnit.SECONDS);
        if (answer == null) {
            throw new AssertionError("no client asked for a tunnel within 20 s");
        }
        before.run();
        answer.run();
    }

    /** Returns when no client has a connection to this proxy any more. */
    void awaitNoConnections() throws InterruptedException {
        try {
            int phase = connections.arrive();
            connections.awaitAdvanceInterruptibly(phase, 20, TimeUnit.SECONDS);
        } catch (TimeoutException leaked) {
            throw new AssertionError("connections still open after 20 s: " + connections.getUnarrivedParties(), leaked);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private List<ChannelHandler> httpHandlers() {
        return List.of(new HttpServerCodec(), new HttpObjectAggregator(1024), new HttpTunnel());
    }

    private List<ChannelHandler> socksHandlers() {
        return List.of(Socks5ServerEncoder.DEFAULT, new Socks5InitialRequestDecoder(), new SocksTunnel());
    }

    private static void close(Channel channel) {
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    /** Connects to the port on the loopback interface; reads from there only when the tunnel is open. */
    private static ChannelFuture connect(Channel front, int port) {
        return new Bootstrap()
                .group(front.eventLoop())
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new Relay(front))
                .connect(InetAddress.getLoopbackAddress(), port);
    }

    /** Takes the codecs out and the relay in, once the client has the good news. */
    private static void open(Channel front, Channel back) {
        for (ChannelHandler codec : front.pipeline().toMap().values()) {
            front.pipeline().remove(codec);
        }
        front.pipeline().addLast(new Relay(back));
        back.config().setAutoRead(true);
    }

    private final class HttpTunnel extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            String wanted = "Basic "
                    + Base64.getEncoder().encodeToString((USER + ':' + PASSWORD).getBytes(StandardCharsets.UTF_8));
            String authorization = request.headers().get(HttpHeaderNames.PROXY_AUTHORIZATION);
            String target = request.uri();
            if (!request.method().equals(HttpMethod.CONNECT)
                    || !target.equals(request.headers().get(HttpHeaderNames.HOST))
                    || !request.headers().contains(HttpHeaderNames.USER_AGENT)) {
                refuse(ctx, HttpResponseStatus.BAD_REQUEST);
            } else if (login && !wanted.equals(authorization)) {
                refuse(ctx, HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED);
            } else if (holding) {
                held.add(() -> ctx.executor().execute(() -> connectTo(ctx, target)));
            } else {
                connectTo(ctx, target);
            }
        }

        private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status))
                    .addListener(ChannelFutureListener.CLOSE);
        }

        private void connectTo(ChannelHandlerContext ctx, String target) {
            asked.add(target);
            int port = Integer.parseInt(target.substring(target.lastIndexOf(':') + 1));
            connect(ctx.channel(), port).addListener((ChannelFuture connected) -> {
                if (!connected.isSuccess()) {
                    refuse(ctx, HttpResponseStatus.BAD_GATEWAY);
                    return;
                }
                ctx.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK))
                        .addListener(written -> open(ctx.channel(), connected.channel()));
            });
        }
    }

    private final class SocksTunnel extends SimpleChannelInboundHandler<Object> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, Object message) {
            if (message instanceof Socks5InitialRequest initial) {
                Socks5AuthMethod method = login ? Socks5AuthMethod.PASSWORD : Socks5AuthMethod.NO_AUTH;
                boolean offered = initial.authMethods().contains(method);
                expect(ctx, login ? new Socks5PasswordAuthRequestDecoder() : new Socks5CommandRequestDecoder());
                answer(ctx, new DefaultSocks5InitialResponse(offered ? method : Socks5AuthMethod.UNACCEPTED), offered);
            } else if (message instanceof Socks5PasswordAuthRequest request) {
                boolean known =
                        request.username().equals(USER) && request.password().equals(PASSWORD);
                expect(ctx, new Socks5CommandRequestDecoder());
                answer(
                        ctx,
                        new DefaultSocks5PasswordAuthResponse(
                                known ? Socks5PasswordAuthStatus.SUCCESS : Socks5PasswordAuthStatus.FAILURE),
                        known);
            } else if (message instanceof Socks5CommandRequest request) {
                connectTo(ctx, request);
            }
        }

        private void expect(ChannelHandlerContext ctx, ChannelHandler decoder) {
            ctx.pipeline().addBefore(ctx.name(), null, decoder);
        }

        private void answer(ChannelHandlerContext ctx, Object answer, boolean goesOn) {
            ctx.writeAndFlush(answer)
                    .addListener(
                            goesOn ? ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE : ChannelFutureListener.CLOSE);
        }

        private void connectTo(ChannelHandlerContext ctx, Socks5CommandRequest request) {
            boolean name = request.dstAddrType().equals(Socks5AddressType.DOMAIN);
            asked.add((name ? "" : "address ") + request.dstAddr() + ':' + request.dstPort());
            connect(ctx.channel(), request.dstPort()).addListener((ChannelFuture connected) -> {
                Socks5CommandStatus status =
                        connected.isSuccess() ? Socks5CommandStatus.SUCCESS : Socks5CommandStatus.CONNECTION_REFUSED;
                ChannelFuture written =
                        ctx.writeAndFlush(new DefaultSocks5CommandResponse(status, Socks5AddressType.IPv4));
                if (connected.isSuccess()) {
                    written.addListener(done -> open(ctx.channel(), connected.channel()));
                } else {
                    written.addListener(ChannelFutureListener.CLOSE);
                }
            });
        }
    }

    /** Writes what it reads to the other side, and ends with it. */
    private static final class Relay extends ChannelInboundHandlerAdapter {
        private final Channel other;

        Relay(Channel other) {
            this.other = other;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            other.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            other.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }

        /** A reset on one side ends both. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            TestProxy.close(ctx.channel());
        }
    }

    /** Does one thing on the first bytes, and drops the rest. */
    private static final class FirstRead extends ChannelInboundHandlerAdapter {
        private final Consumer<ChannelHandlerContext> reaction;
        private boolean reacted;

        FirstRead(Consumer<ChannelHandlerContext> reaction) {
            this.reaction = reaction;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            if (!reacted) {
                reacted = true;
                reaction.accept(ctx);
            }
        }

        /** The client resets what it gave up; this end only hangs up. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            TestProxy.close(ctx.channel());
        }
    }
}
