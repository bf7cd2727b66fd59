package io.peregrine.transport.http2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.header.RequestHeaders;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The server's side of one connection, played frame by frame against a real {@link Http2ClientConnection}: octets in,
 * frames out, on the test's thread and in virtual time.
 *
 * <p>Registered as an extension, it checks after every test that each started stream ended exactly once and heard
 * nothing after, that the connection accounts for no stream any more, that the windows add up in both directions, and
 * that no buffer is left.
 */
final class ScriptedPeer implements AfterEachCallback {
    static final InetSocketAddress ADDRESS = InetSocketAddress.createUnresolved("greeter.test", 443);
    static final RequestHeaders SAY_HELLO =
            RequestHeaders.grpc(false, "greeter.test", "/helloworld.Greeter/SayHello", "peregrine-test/1");
    static final int MAX_MESSAGE_BYTES = 4 << 20;

    private final MockTicker ticker = Ticker.newMockTicker();
    private final TrackingAllocator allocator = new TrackingAllocator();
    private final List<RecordedStream> started = new ArrayList<>();
    private final List<String> listened = new ArrayList<>();
    private final List<DisconnectReason> disconnects = new ArrayList<>();
    private final List<@Nullable KeepAliveOptions> refusedKeepAlives = new ArrayList<>();
    private final ReceivedFrames received = new ReceivedFrames();
    private final Socket socket = new Socket();
    /** Windows that are fixed: PINGs that depend on the speed of a script would come as a surprise to its author. */
    private TransportOptions options =
            TransportOptions.builder().windows(1 << 20, 4 << 20).build();

    private Runnable onReady = () -> {};
    private @Nullable EmbeddedChannel channel;
    private @Nullable Http2ClientConnection connection;
    private long sentDataBytes;
    private final ByteBuf unaccounted = Unpooled.buffer();
    private boolean unlawful;
    private int releases;

    // ---- Connecting ------------------------------------------------------------------------------------------

    /** The options of the connection to come. */
    ScriptedPeer with(TransportOptions chosen) {
        options = chosen;
        return this;
    }

    /** A connection whose TCP connect is under way. */
    ScriptedPeer connecting() {
        channel = EmbeddedChannel.builder()
                .ticker(ticker)
                .handlers(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel initialized) {
                        initialized.config().setAllocator(allocator);
                        connection = new Http2ClientConnection(
                                initialized,
                                initialized.eventLoop(),
                                new PeerLabel(ADDRESS, "greeter.test"),
                                options,
                                new Listener());
                        initialized.pipeline().addLast(socket, connection);
                    }
                })
                .build();
        return this;
    }

    /** TCP is up, and the client has said its part. */
    ScriptedPeer connected() {
        connecting();
        turn(socket::activate);
        return this;
    }

    /** A connection on which streams may start; SETTINGS of pairs of id and value have been exchanged. */
    ScriptedPeer ready(long... settings) {
        connected();
        sendSettings(settings);
        receive();
        return this;
    }

    void onReadyRun(Runnable action) {
        onReady = action;
    }

    // ---- The client's side -----------------------------------------------------------------------------------

    Http2ClientConnection connection() {
        return Objects.requireNonNull(connection, "not connecting yet");
    }

    EmbeddedChannel channel() {
        return Objects.requireNonNull(channel, "not connecting yet");
    }

    TrackingAllocator allocator() {
        return allocator;
    }

    /** The clock of the event loop, on which deadlines are. */
    long nanoTime() {
        return ticker.initialNanoTime() + ticker.nanoTime();
    }

    void advance(Duration time) {
        ticker.advance(time.toNanos(), TimeUnit.NANOSECONDS);
        runTasks();
    }

    /** A stream whose request is one message of {@code messageBytes} bytes. */
    RecordedStream newStream(int messageBytes, long deadlineNs, @Nullable HeaderFields fields) {
        ByteBuf request = allocator.directBuffer(5 + messageBytes);
        request.writeByte(0).writeInt(messageBytes).writeBytes(payload(messageBytes));
        return new RecordedStream(SAY_HELLO, fields, request, deadlineNs, MAX_MESSAGE_BYTES);
    }

    /** The octets 0, 1, 2 and so on. */
    static byte[] payload(int bytes) {
        byte[] payload = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            payload[i] = (byte) i;
        }
        return payload;
    }

    RecordedStream newStream() {
        return newStream(3, TransportStream.NO_DEADLINE, null);
    }

    /** Starts a stream, which must be accepted. */
    RecordedStream start(RecordedStream stream) {
        turn(() -> assertThat(tryStart(stream)).isEqualTo(ClientTransport.StartResult.ACCEPTED));
        return stream;
    }

    RecordedStream start() {
        return start(newStream());
    }

    RecordedStream startSending(int messageBytes) {
        return start(newStream(messageBytes, TransportStream.NO_DEADLINE, null));
    }

    RecordedStream startWithin(Duration timeout) {
        return start(newStream(3, nanoTime() + timeout.toNanos(), null));
    }

    /** A stream with a pipe that takes {@code limitBytes}, and a deadline or none. */
    RecordedStream newStreaming(int limitBytes, long deadlineNs) {
        return new RecordedStream(SAY_HELLO, new MessagePipe(limitBytes), deadlineNs, MAX_MESSAGE_BYTES);
    }

    RecordedStream startStreaming() {
        return start(newStreaming(MessagePipe.DEFAULT_LIMIT_BYTES, TransportStream.NO_DEADLINE));
    }

    /** Offers a message of {@code messageBytes} bytes, prefix not included; false if the pipe is full. */
    boolean offer(RecordedStream stream, int messageBytes) {
        ByteBuf framed = allocator.directBuffer(5 + messageBytes);
        framed.writeByte(0).writeInt(messageBytes).writeBytes(payload(messageBytes));
        boolean taken = stream.messagePipe().offer(framed);
        if (!taken) {
            framed.release();
        }
        signal(stream);
        return taken;
    }

    void endRequest(RecordedStream stream) {
        stream.messagePipe().end();
        signal(stream);
    }

    /** Asks for messages. */
    void request(RecordedStream stream, int messages) {
        stream.messagePipe().request(messages);
        signal(stream);
    }

    private void signal(RecordedStream stream) {
        turn(() -> connection().signal(stream));
    }

    /** Starts a stream within what the loop is doing, and says what came of it. */
    ClientTransport.StartResult tryStart(RecordedStream stream) {
        ClientTransport.StartResult result = connection().start(stream);
        if (result == ClientTransport.StartResult.ACCEPTED) {
            started.add(stream);
        } else {
            stream.releaseRequest();
        }
        return result;
    }

    void cancel(RecordedStream stream) {
        turn(() -> connection().cancel(stream));
    }

    void shutdown() {
        turn(() -> connection().shutdown("shut down by the test"));
    }

    void shutdownNow() {
        turn(() -> connection().shutdownNow("shut down at once by the test"));
    }

    /** What the listener was told. */
    List<String> listened() {
        return listened;
    }

    /** Why the connection ended, as the listener was told: once, in the end. */
    List<DisconnectReason> disconnects() {
        return disconnects;
    }

    /** The keepalives that the listener was told to be too much for the peer. */
    List<@Nullable KeepAliveOptions> refusedKeepAlives() {
        return refusedKeepAlives;
    }

    boolean isClosed() {
        return !channel().isOpen();
    }

    // ---- The peer's side -------------------------------------------------------------------------------------

    /** Sends octets in one read. */
    void send(byte[]... parts) {
        byte[] octets = Frames.join(parts);
        account(octets);
        read(octets);
    }

    /** Sends octets one in each read. */
    void sendByteByByte(byte[]... parts) {
        byte[] octets = Frames.join(parts);
        byte[][] pieces = new byte[octets.length][];
        for (int i = 0; i < octets.length; i++) {
            pieces[i] = new byte[] {octets[i]};
        }
        sendInPieces(pieces);
    }

    /** Sends whole frames that were cut into pieces, each in a read of its own. */
    void sendInPieces(byte[]... pieces) {
        account(Frames.join(pieces));
        for (byte[] piece : pieces) {
            read(piece);
        }
    }

    private void read(byte[] octets) {
        ByteBuf received = allocator.directBuffer(Math.max(1, octets.length)).writeBytes(octets);
        turn(() -> channel().pipeline().fireChannelRead(received).fireChannelReadComplete());
    }

    /** Sends octets that need not be frames, nor end where frames do, in one read. */
    void sendAnything(byte[] octets) {
        unlawful = true;
        if (socket.blocked) {
            received.loseTrack();
        }
        unaccounted.writeBytes(octets);
        account(unaccounted);
        read(octets);
    }

    void sendText(String text) {
        unlawful = true;
        send(text.getBytes(UTF_8));
    }

    void sendSettings(long... idsAndValues) {
        send(Frames.settings(idsAndValues));
    }

    /** The peer closes the connection. */
    void close() {
        turn(() -> {
            ChannelFuture unused = channel().close();
        });
    }

    /** The socket fails. */
    void fail(Throwable cause) {
        turn(() -> channel().pipeline().fireExceptionCaught(cause));
    }

    /** The socket takes nothing more until {@link #unblock}. */
    void block() {
        socket.blocked = true;
    }

    void unblock() {
        socket.blocked = false;
        turn(() -> channel().flush());
    }

    /** Makes each write fail on the spot, as those to a socket do that was lost a moment ago. */
    void failWrites(Throwable cause) {
        socket.writeFailure = cause;
    }

    /** Lets the test leave messages unread beyond the connection's limit, so that credit is withheld at its end. */
    void leavesUnread() {
        unlawful = true;
    }

    /** All streams that were started, in order. */
    List<RecordedStream> started() {
        return List.copyOf(started);
    }

    /** How often the transport said that nothing of it is left. */
    int releases() {
        return releases;
    }

    int flushes() {
        return socket.flushes;
    }

    /** The frames since the last call, one line each. */
    List<String> receive() {
        drainOutbound();
        return received.take();
    }

    Http2Headers request(int streamId) {
        drainOutbound();
        return received.request(streamId);
    }

    byte[] requestBody(int streamId) {
        drainOutbound();
        return received.body(streamId);
    }

    ReceivedFrames windows() {
        drainOutbound();
        return received;
    }

    /** Runs what the loop has to run. */
    void runTasks() {
        turn(() -> {});
    }

    /**
     * Does some work as a real loop would: each task runs after what is running now. Left to itself, an embedded
     * channel runs the loop's tasks at the end of each write, flush and close, and so within the caller of it; only
     * within an operation that it has counted does it wait.
     */
    void turn(Runnable work) {
        Runnable workAndTasks = () -> {
            work.run();
            channel().runPendingTasks();
        };
        if (isClosed()) {
            workAndTasks.run();
            return;
        }
        ChannelFuture done = channel().write(new Turn(workAndTasks), channel().newPromise());
        if (done.cause() != null) {
            throw new AssertionError("a turn of the loop failed", done.cause());
        }
    }

    private void drainOutbound() {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = channel().readOutbound();
                part != null;
                part = channel().readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        try {
            received.read(all);
        } catch (Http2Exception malformed) {
            throw new AssertionError("the client wrote a malformed frame", malformed);
        }
    }

    private void account(byte[] octets) {
        account(Unpooled.wrappedBuffer(octets));
    }

    /** Follows what the peer grants and sends, as far as it is frames; leaves what is not a whole frame yet. */
    private void account(ByteBuf in) {
        drainOutbound();
        while (in.readableBytes() >= 9) {
            int length = in.getUnsignedMedium(in.readerIndex());
            if (length > in.readableBytes() - 9) {
                return;
            }
            in.skipBytes(3);
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int streamId = in.readInt() & Integer.MAX_VALUE;
            ByteBuf payload = in.readSlice(length);
            if (type == Frames.DATA) {
                sentDataBytes += length;
            } else if (type == Frames.WINDOW_UPDATE && length == 4) {
                received.onWindowUpdateSent(streamId, payload.readInt() & Integer.MAX_VALUE);
            } else if (type == Frames.SETTINGS && (flags & Frames.ACK) == 0) {
                accountSettings(payload);
            }
        }
    }

    private void accountSettings(ByteBuf payload) {
        while (payload.readableBytes() >= 6) {
            try {
                received.onSettingsSent(payload.readUnsignedShort(), payload.readUnsignedInt());
            } catch (Http2Exception notAllowed) {
                throw new AssertionError(notAllowed);
            }
        }
    }

    // ---- After each test -------------------------------------------------------------------------------------

    @Override
    public void afterEach(ExtensionContext context) {
        if (channel != null && context.getExecutionException().isEmpty()) {
            verify();
        }
    }

    /** Ends the connection and checks the invariants. */
    void verify() {
        unblock();
        drainOutbound();
        if (!isClosed()) {
            verifyInboundCredit();
            end();
        }
        assertThat(isClosed()).as("channel closed").isTrue();
        assertThat(listened.stream().filter(line -> line.startsWith("terminated")))
                .as("terminations in %s", listened)
                .hasSize(1);
        assertThat(listened.get(listened.size() - 1)).startsWith("terminated");
        assertThat(disconnects).as("the first reason, once").hasSize(1);
        advance(Duration.ofHours(1));
        for (RecordedStream stream : started) {
            assertThat(stream.ends())
                    .as("ends of a stream: %s", stream.events())
                    .isEqualTo(1);
            assertThat(stream.events()).noneMatch(event -> event.startsWith("AFTER THE END"));
            assertThat(stream.releaseRequest()).as("references to a request").isLessThanOrEqualTo(1);
        }
        assertThat(releases).as("releases of the connection").isEqualTo(1);
        drainOutbound();
        channel().checkException();
        channel().finishAndReleaseAll();
        assertThat(allocator.unreleased()).as("buffers left").isEmpty();
    }

    /** The connection's window is never further down than the quarter that may be owed. */
    private void verifyInboundCredit() {
        long credit = 65_535 + received.grantedBytes(0) - sentDataBytes;
        if (!unlawful && received.grantedBytes(0) > 0) {
            assertThat(credit)
                    .as("the connection's receive window")
                    .isBetween(options.connectionWindowBytes() * 3L / 4, (long) options.maxConnectionWindowBytes());
        }
    }

    /** A drained connection must close by itself, and does only if it accounts for no stream. */
    private void end() {
        if (started.stream().allMatch(RecordedStream::hasEnded)) {
            shutdown();
        } else {
            shutdownNow();
        }
    }

    private final class Listener implements TransportListener {
        @Override
        public void onReady() {
            listened.add("ready");
            onReady.run();
        }

        @Override
        public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {
            refusedKeepAlives.add(keepAlive);
        }

        @Override
        public void onPressure() {
            listened.add("pressure");
        }

        @Override
        public void onRoom() {
            listened.add("room");
        }

        @Override
        public void onDisconnect(DisconnectReason reason) {
            assertThat(listened).noneMatch(line -> line.startsWith("draining") || line.startsWith("terminated"));
            disconnects.add(reason);
        }

        @Override
        public void onDraining(String reason) {
            listened.add("draining: " + reason);
        }

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            listened.add("terminated: " + reason);
        }

        @Override
        public void onReleased() {
            releases++;
            assertThat(listened.get(listened.size() - 1)).startsWith("terminated");
        }
    }

    /** Work for the loop, in the guise of a message, which never gets further than {@link Socket}. */
    private record Turn(Runnable work) {}

    /** Stands for the socket: embedded channels are active from birth, and always take what is written. */
    private static final class Socket extends ChannelDuplexHandler {
        private @Nullable ChannelHandlerContext heldContext;
        private boolean active;
        private boolean blocked;
        private @Nullable Throwable writeFailure;
        private int flushes;

        void activate() {
            active = true;
            Objects.requireNonNull(heldContext, "not active yet").fireChannelActive();
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            heldContext = ctx;
            if (active) {
                ctx.fireChannelActive();
            }
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            Throwable failure = writeFailure;
            if (message instanceof Turn turn) {
                turn.work().run();
                ChannelPromise unused = promise.setSuccess();
            } else if (failure == null) {
                ChannelFuture unused = ctx.write(message, promise);
            } else {
                ReferenceCountUtil.release(message);
                ChannelPromise unused = promise.setFailure(failure);
            }
        }

        @Override
        public void flush(ChannelHandlerContext ctx) {
            flushes++;
            if (!blocked) {
                ctx.flush();
            }
        }
    }
}
