package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.FLOW_CONTROL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.allocation.ownership.Published;
import io.peregrine.transport.header.HeaderSink;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.tls.ClientTls;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection of a gRPC client: the only handler behind TLS, and the owner of everything that belongs to
 * the connection (RFC 9113).
 *
 * <pre>
 *   CONNECTING ──TCP, TLS──▶ AWAITING_SETTINGS ──SETTINGS──▶ READY ──GOAWAY, shutdown──▶ DRAINING
 *        │                          │                          │                             │
 *        └──────────────────────────┴─────── any end ──────────┴─────────────────────────────┴──▶ CLOSED
 * </pre>
 *
 * <p>A loop turn is one read with all its frames, or one emptying of the command queue. What a turn writes, whether
 * from its own frames or because a callback started another call, leaves in one flush at its end.
 *
 * <p>Invariants: every stream accepted by {@link #start} ends in exactly one callback, whatever ends the connection;
 * after a connection error nothing is parsed; nothing here is touched from another thread but the queue and
 * {@link #accepting}.
 */
@EventLoopConfined
final class Http2ClientConnection extends ChannelInboundHandlerAdapter
        implements ClientTransport,
                CommandQueue.Consumer,
                StreamLifecycle.Connection,
                KeepAlive.Connection,
                StreamGauge.Connection {

    private static final System.Logger LOG = System.getLogger(Http2ClientConnection.class.getName());

    private enum State {
        CONNECTING,
        AWAITING_SETTINGS,
        READY,
        DRAINING,
        CLOSED
    }

    private final Channel channel;
    private final EventLoop eventLoop;
    private final PeerLabel peerLabel;
    private final TransportOptions options;
    private final TransportListener listener;
    private final CommandQueue commands;
    private final PeerSettings peer = new PeerSettings();
    private final GoAwayState goAway;
    private final FrameWriter writer;
    private final OutboundFlow outbound;
    private final InboundFlow inbound;
    private final StreamLifecycle streams;
    private final MessageDelivery delivery;
    private final FloodDefence flood;
    private final FrameInput input;
    private final KeepAlive keepAlive;
    private final StreamGauge gauge;
    private final StallDetector stalls;
    private final Disconnection disconnection;
    private final ConnectTimeout connectTimeout;

    /** Whether {@link #start} may accept: a hint for other threads, decided on the loop. */
    @Published("volatile: written on the loop, read by start() on any thread")
    private volatile boolean accepting;

    private State state = State.CONNECTING;
    private boolean inTurn;
    private boolean retired;
    private boolean terminated;
    private boolean released;
    private boolean responded;
    private @Nullable String drainReason;

    /**
     * Describes a connection over {@code channel}, which is about to be registered with {@code eventLoop} and to
     * connect, with this as its last handler.
     */
    Http2ClientConnection(
            Channel channel,
            EventLoop eventLoop,
            PeerLabel peerLabel,
            TransportOptions options,
            TransportListener listener) {
        this.channel = channel;
        this.eventLoop = eventLoop;
        this.peerLabel = peerLabel;
        this.options = options;
        this.listener = listener;
        this.disconnection = new Disconnection(listener);
        this.connectTimeout = new ConnectTimeout(channel, eventLoop, peerLabel, options.connectTimeout());
        this.goAway = new GoAwayState(peerLabel);
        this.writer = new FrameWriter(channel);
        this.outbound = new OutboundFlow(channel, eventLoop, writer, peer);
        this.inbound = new InboundFlow(writer, options);
        this.commands = new CommandQueue(eventLoop, options.maxQueuedCommands(), this);
        this.gauge = new StreamGauge(this, listener);
        this.streams = new StreamLifecycle(this, eventLoop, peerLabel, peer, writer, outbound, inbound, gauge, options);
        HeaderSink sink = new HeaderSink();
        this.delivery = new MessageDelivery(this, streams, inbound, channel.alloc());
        this.flood = new FloodDefence(this, channel, eventLoop, peerLabel, options, writer);
        BandwidthProbe bandwidth = new BandwidthProbe(eventLoop, writer, inbound, streams.table(), options);
        FrameReceiver receiver =
                new FrameReceiver(this, streams, outbound, inbound, writer, sink, delivery, flood.budget(), bandwidth);
        this.input = new FrameInput(
                this, streams, peerLabel, new HeaderSink.Decoder(sink, options.maxHeaderListBytes()), receiver, flood);
        this.keepAlive = new KeepAlive(this, eventLoop, peerLabel, writer, streams.table(), options.keepAlive());
        this.stalls = new StallDetector(this, eventLoop, peerLabel, writer, keepAlive, options.deadlineProbe());
    }

    // ---- ClientTransport: any thread -------------------------------------------------------------------------

    @Override
    public StartResult start(TransportStream stream) {
        if (!accepting) {
            return StartResult.CLOSED;
        }
        if (!eventLoop.inEventLoop()) {
            return commands.offer(stream) ? StartResult.ACCEPTED : StartResult.OVERLOADED;
        }
        streams.start(stream);
        flushSoon();
        return StartResult.ACCEPTED;
    }

    @Override
    public void signal(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        if (pipe == null || !pipe.trySignal()) {
            return;
        }
        if (!eventLoop.inEventLoop()) {
            signalLater(stream);
        } else if (stream.owner != null) {
            onSignal(stream);
            flushSoon();
        }
    }

    /** What waits in the pipe of a stream whose start is still on its way is found when it opens. */
    private void onSignal(TransportStream stream) {
        streams.onSignal(stream);
        if (!stream.ended) {
            delivery.onDemand(stream);
        }
    }

    /** Lets the loop look into the stream's pipe in a later step. */
    void signalLater(TransportStream stream) {
        if (!commands.offer(stream)) {
            submit(() -> onSignal(stream));
        }
    }

    @Override
    public void cancel(TransportStream stream) {
        submit(() -> streams.cancel(stream));
    }

    @Override
    public void shutdown(String reason) {
        submit(() -> {
            disconnection.tell(DisconnectReason.SUBCHANNEL_SHUTDOWN);
            if (streams.table().isEmpty()) {
                closeWith(Http2Error.NO_ERROR, reason, null);
            } else {
                beginDraining(reason);
            }
        });
    }

    @Override
    public void shutdownNow(String reason) {
        submit(() -> {
            disconnection.tell(DisconnectReason.SUBCHANNEL_SHUTDOWN);
            streams.failUnread(StreamFailure.of(StreamFailure.Kind.CONNECTION_LOST, reason));
            closeWith(Http2Error.NO_ERROR, reason, null);
        });
    }

    @Override
    public long startedStreams() {
        return streams.table().observedStarted();
    }

    @Override
    public SocketAddress remoteAddress() {
        return peerLabel.address();
    }

    @Override
    public Optional<ConnectionInfo> connectionInfo() {
        return ConnectionInfo.of(channel, peerLabel.address());
    }

    @Override
    public StreamCapacity capacity() {
        return gauge;
    }

    /** Runs a rare command on the loop. */
    @Override
    public void submit(Runnable command) {
        try {
            commands.submit(command);
        } catch (RejectedExecutionException loopIsGone) {
            LOG.log(System.Logger.Level.DEBUG, "event loop of {0} is shut down: {1}", peerLabel, loopIsGone);
        }
    }

    // ---- CommandQueue.Consumer -------------------------------------------------------------------------------

    @Override
    public void onCommand(Object command) {
        inTurn = true;
        if (command instanceof TransportStream stream && stream.owner == null) {
            streams.start(stream);
            return;
        }
        try {
            if (command instanceof TransportStream stream) {
                onSignal(stream);
            } else {
                ((Runnable) command).run();
            }
        } catch (RuntimeException | Error fault) {
            onFault(fault);
        }
    }

    @Override
    public void onDrained() {
        endTurn();
    }

    private void endTurn() {
        inTurn = false;
        if (state == State.CLOSED || state == State.CONNECTING) {
            return;
        }
        try {
            outbound.drain();
            if (state == State.DRAINING && streams.table().isEmpty()) {
                closeWith(Http2Error.NO_ERROR, reasonToEnd("connection to " + peerLabel + " is drained"), null);
            }
            keepAlive.onTurnEnd();
            writer.flush();
        } catch (RuntimeException | Error fault) {
            onFault(fault);
        }
    }

    // ---- StreamGauge.Connection ------------------------------------------------------------------------------

    @Override
    public boolean isAccepting() {
        return accepting;
    }

    @Override
    public void giveBack(int most, String reason) {
        streams.giveBack(most, reason);
    }

    // ---- StreamLifecycle.Connection --------------------------------------------------------------------------

    /** After {@link #shutdown} what was accepted before still opens; the peer's GOAWAY is final. */
    @Override
    public boolean mayOpenStreams() {
        return state == State.READY || (state == State.DRAINING && !retired);
    }

    @Override
    public void onIdsUsedUp() {
        retire("stream ids of " + peerLabel + " are used up");
    }

    @Override
    public void onResponse() {
        if (!responded) {
            responded = true;
            listener.onFirstResponse();
        }
    }

    @Override
    public void onOpenDeadline() {
        stalls.onDeadline();
    }

    /** The last stream of a connection that drains closes it, at the end of the turn: others may be ending too. */
    @Override
    public void onStreamEnded() {
        if (state == State.DRAINING && streams.table().isEmpty()) {
            flushSoon();
        } else if (terminated) {
            releaseIfDone();
        }
    }

    @Override
    public void flushSoon() {
        if (!inTurn) {
            commands.schedule();
        }
    }

    @Override
    public void onFault(Throwable fault) {
        String reason = "connection to " + peerLabel + " closed, since the client failed: " + fault;
        boolean first = state != State.CLOSED;
        LOG.log(first ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG, reason, fault);
        writer.discard();
        terminate(reason, fault);
    }

    // ---- Connection-wide frames ------------------------------------------------------------------------------

    void onSettings(Http2Settings settings) throws Http2Exception {
        int oldWindow = peer.initialWindowBytes();
        peer.apply(settings);
        if (!streams.applySettings(peer.initialWindowBytes() - oldWindow)) {
            throw connectionError(FLOW_CONTROL_ERROR, "SETTINGS overflow the window of a stream");
        }
        writer.settingsAck();
        gauge.onLimit(peer.maxConcurrentStreams());
        if (state == State.AWAITING_SETTINGS) {
            state = State.READY;
            connectTimeout.cancel();
            accepting = true;
            keepAlive.start();
            listener.onReady();
        } else {
            streams.openWaiting();
            gauge.onSettled();
        }
    }

    void onGoAway(int lastStreamId, long errorCode, ByteBuf debugData) throws Http2Exception {
        String reason = goAway.receive(lastStreamId, errorCode, debugData);
        if (goAway.isTooManyPings()) {
            listener.onTooManyPings(options.keepAlive());
        }
        disconnection.tell(DisconnectReason.goAway(errorCode));
        retire(reason);
        streams.failOpen(id -> id > lastStreamId, failure(StreamFailure.Kind.REFUSED, reason, null));
    }

    private void beginDraining(String reason) {
        accepting = false;
        state = State.DRAINING;
        drainReason = reason;
    }

    /** Why the connection ends: what made it drain, if it did, says more than the end itself. */
    private String reasonToEnd(String event) {
        return drainReason == null ? event : event + " (" + drainReason + ')';
    }

    /** No stream opens here any more: those that wait go elsewhere, and so does the next call (SPEC H2-13). */
    private void retire(String reason) {
        boolean first = !retired;
        retired = true;
        disconnection.tell(DisconnectReason.UNKNOWN);
        if (state == State.READY) {
            beginDraining(reason);
        }
        if (first) {
            listener.onDraining(reason);
        }
        streams.failWaiting(failure(StreamFailure.Kind.UNPROCESSED, reason, null));
    }

    private StreamFailure failure(StreamFailure.Kind kind, String reason, @Nullable Throwable cause) {
        return new StreamFailure(kind, 0, reason, cause, goAway.last());
    }

    // ---- Channel events --------------------------------------------------------------------------------------

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (state == State.CLOSED) {
            ChannelFuture unused = ctx.close();
            return;
        }
        connectTimeout.start(this::onConnectTimeout);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        // Behind nothing there is no TLS either, and its classes need not be loaded to find that out.
        if (ctx.pipeline().first() == this || ctx.pipeline().get(SslHandler.class) == null) {
            begin();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            onHandshake(ctx, handshake.isSuccess() ? null : handshake.cause());
        }
    }

    private void onHandshake(ChannelHandlerContext ctx, @Nullable Throwable failure) {
        if (failure != null) {
            onConnectFailure(failure);
            return;
        }
        try {
            ClientTls.requireH2(ctx.pipeline().get(SslHandler.class));
            begin();
        } catch (SSLException notH2) {
            onConnectFailure(notH2);
        }
    }

    private void begin() {
        if (state != State.CONNECTING) {
            return;
        }
        state = State.AWAITING_SETTINGS;
        writer.preface();
        writer.settings(
                0x2, 0, // ENABLE_PUSH
                0x4, options.streamWindowBytes(), // INITIAL_WINDOW_SIZE
                0x6, options.maxHeaderListBytes()); // MAX_HEADER_LIST_SIZE
        inbound.open();
        writer.flush();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf received = (ByteBuf) message;
        if (state == State.CLOSED) {
            received.release();
            return;
        }
        inTurn = true;
        keepAlive.onRead();
        try {
            input.read(ctx, received);
        } finally {
            if (state == State.CLOSED) {
                // Frames behind the one that ended the connection may have been answered.
                writer.discard();
            }
        }
    }

    /** The server has read what it was waited for to read: what is here of its frames makes a turn. */
    void onRepliesWritten() {
        ChannelHandlerContext ctx = channel.pipeline().context(this);
        if (state == State.CLOSED || ctx == null) {
            return;
        }
        inTurn = true;
        try {
            input.goOn(ctx);
        } catch (RuntimeException | Error fault) {
            onFault(fault);
        }
        endTurn();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        endTurn();
    }

    /** Comes from within a write or a flush, where nothing else may be written: the loop's next turn goes on. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            flushSoon();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        String truncatedPreface = input.truncatedPreface();
        if (state == State.AWAITING_SETTINGS && truncatedPreface != null) {
            terminate(truncatedPreface, null);
        } else if (state == State.AWAITING_SETTINGS) {
            terminate(peerLabel + " closed the connection before it sent SETTINGS", null);
        } else {
            terminate(reasonToEnd(peerLabel + " closed the connection"), null);
        }
    }

    /** A failed write comes here from within the write, and waits until whoever is writing has finished. */
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (writer.isWriting()) {
            eventLoop.execute(() -> onException(cause));
        } else {
            onException(cause);
        }
    }

    private void onException(Throwable cause) {
        if (cause instanceof IOException) {
            disconnection.tell(DisconnectReason.of(cause));
            terminate(reasonToEnd("connection to " + peerLabel + " lost: " + describe(cause)), cause);
        } else if (cause instanceof DecoderException && cause.getCause() instanceof SSLException) {
            onConnectFailure(cause.getCause());
        } else {
            onFault(cause);
        }
    }

    /** The connection did not come up: refused, unreachable, or a failed handshake. */
    void onConnectFailure(Throwable cause) {
        terminate(peerLabel.describeFailure(cause), cause);
    }

    private void onConnectTimeout() {
        if (state == State.CONNECTING || state == State.AWAITING_SETTINGS) {
            terminate(connectTimeout.reason(state == State.CONNECTING), null);
        }
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    /** Says GOAWAY where there is someone to say it to, and ends. */
    void closeWith(Http2Error code, String reason, @Nullable Throwable cause) {
        try {
            if (state != State.CLOSED && state != State.CONNECTING) {
                writer.goAway(code, code == Http2Error.NO_ERROR ? "" : reason);
                writer.flush();
            }
        } finally {
            terminate(reason, cause);
        }
    }

    @Override
    public void onPeerSilent(String reason) {
        disconnection.tell(DisconnectReason.CONNECTION_TIMED_OUT);
        closeWith(Http2Error.NO_ERROR, reasonToEnd(reason), null);
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    private void terminate(String reason, @Nullable Throwable cause) {
        if (state == State.CLOSED) {
            return;
        }
        disconnection.tell(DisconnectReason.UNKNOWN);
        boolean spoke = state != State.CONNECTING;
        accepting = false;
        state = State.CLOSED;
        connectTimeout.cancel();
        flood.close();
        keepAlive.stop();
        stalls.stop();
        input.close();
        inbound.close();
        streams.failWaiting(failure(StreamFailure.Kind.UNPROCESSED, reason, cause));
        streams.failOpen(id -> true, failure(StreamFailure.Kind.CONNECTION_LOST, reason, cause));
        writer.discard();
        if (spoke) {
            ChannelEnd.closeBehindWrites(channel);
        } else {
            ChannelEnd.close(channel);
        }
        listener.onTerminated(reason, cause);
        terminated = true;
        if (eventLoop.isShuttingDown()) {
            // Nobody will be there to read on.
            streams.failUnread(StreamFailure.of(StreamFailure.Kind.CONNECTION_LOST, reason));
        }
        releaseIfDone();
    }

    private void releaseIfDone() {
        if (!released && !streams.table().hasUnread()) {
            released = true;
            listener.onReleased();
        }
    }

    private static String describe(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
