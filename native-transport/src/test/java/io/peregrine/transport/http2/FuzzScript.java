package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a server and the client's own side do to a connection in turn, as octets that a fuzzer can change anywhere: any
 * input is a script. Each step is an octet that says which, by its lowest four bits, and what that step takes:
 *
 * <pre>
 *   0 the server sends   length, two octets; the octets, as many as are left (also 12 to 15)
 *   1 start              size of the request, in units of 64 bytes
 *   2 start in time      timeout in ms
 *   3 cancel             which of the streams started so far
 *   4 advance the clock  in ms
 *   5 the socket takes nothing more, or takes again
 *   6 shut down, gracefully
 *   7 the socket fails
 *   8 start streaming    how many messages are asked for, less one
 *   9 offer a message    to which stream; size, in units of 64 bytes
 *  10 end the request    of which stream
 *  11 ask for a message  of which stream
 * </pre>
 */
final class FuzzScript {
    private static final int SEND = 0;
    private static final int START = 1;
    private static final int START_WITHIN = 2;
    private static final int CANCEL = 3;
    private static final int ADVANCE = 4;
    private static final int BLOCK = 5;
    private static final int SHUT_DOWN = 6;
    private static final int FAIL = 7;
    private static final int STREAM = 8;
    private static final int OFFER = 9;
    private static final int END = 10;
    private static final int DEMAND = 11;

    private static final int REQUEST_UNIT_BYTES = 64;

    /** Streams beyond these are not started, so that one input is played in no time. */
    private static final int MAX_STREAMS = 200;

    /** Whatever the peer does: the buffers that a connection has anyway, and those that are one frame in size. */
    private static final long BASE_BYTES = 128 * 1024;

    /** Held for each octet received, at most: a buffer that grows by doubling, while it is copied, and an answer. */
    private static final long HELD_PER_OCTET = 8;

    private final ScriptedPeer peer;
    private final List<RecordedStream> streams = new ArrayList<>();
    private final List<RecordedStream> streaming = new ArrayList<>();
    private boolean blocked;
    private long receivedBytes;
    private long requestBytes;

    private FuzzScript(ScriptedPeer peer) {
        this.peer = peer;
    }

    /** Plays a script on a ready connection with two open streams, and returns all streams that it started. */
    static List<RecordedStream> play(byte[] script, ScriptedPeer peer) {
        FuzzScript played = new FuzzScript(peer);
        played.start(peer.newStream());
        played.start(peer.newStream());
        ByteBuf in = Unpooled.wrappedBuffer(script);
        while (in.isReadable() && !peer.isClosed()) {
            played.step(in);
            played.requireBoundedMemory();
        }
        // A stream with messages that its caller has not read outlives its connection.
        played.streaming.forEach(stream -> peer.request(stream, Integer.MAX_VALUE));
        return played.streams;
    }

    private void step(ByteBuf in) {
        switch (in.readByte() & 0xF) {
            case START -> startSending(argument(in) * REQUEST_UNIT_BYTES);
            case START_WITHIN ->
                start(peer.newStream(
                        3, peer.nanoTime() + Duration.ofMillis(argument(in)).toNanos(), null));
            case CANCEL -> peer.cancel(chosen(in, streams));
            case ADVANCE -> peer.advance(Duration.ofMillis(argument(in)));
            case BLOCK -> toggleBlocked();
            case SHUT_DOWN -> peer.shutdown();
            case FAIL -> peer.fail(new IOException("Connection reset by peer"));
            case STREAM -> startStreaming(1 + argument(in));
            case OFFER -> offer(in);
            case END -> ifStreaming(in, peer::endRequest);
            case DEMAND -> ifStreaming(in, stream -> peer.request(stream, 1));
            default -> send(in);
        }
    }

    private static RecordedStream chosen(ByteBuf in, List<RecordedStream> from) {
        return from.get(argument(in) % from.size());
    }

    private void startStreaming(int messages) {
        RecordedStream stream = peer.newStreaming(MessagePipe.DEFAULT_LIMIT_BYTES, TransportStream.NO_DEADLINE);
        if (start(stream)) {
            streaming.add(stream);
            peer.request(stream, messages);
        }
    }

    private void offer(ByteBuf in) {
        ifStreaming(in, stream -> {
            int messageBytes = argument(in) * REQUEST_UNIT_BYTES;
            requestBytes += messageBytes;
            peer.offer(stream, messageBytes);
        });
    }

    private void ifStreaming(ByteBuf in, Consumer<RecordedStream> step) {
        if (!streaming.isEmpty()) {
            step.accept(chosen(in, streaming));
        }
    }

    private void send(ByteBuf in) {
        int length = in.readableBytes() < 2 ? 0 : in.readUnsignedShort();
        byte[] octets = new byte[Math.min(length, in.readableBytes())];
        in.readBytes(octets);
        receivedBytes += octets.length;
        peer.sendAnything(octets);
    }

    private void startSending(int messageBytes) {
        requestBytes += messageBytes;
        start(peer.newStream(messageBytes, TransportStream.NO_DEADLINE, null));
    }

    private boolean start(RecordedStream stream) {
        if (streams.size() == MAX_STREAMS) {
            stream.releaseRequest();
            return false;
        }
        streams.add(stream);
        ClientTransport.StartResult result = peer.tryStart(stream);
        peer.runTasks();
        return result == ClientTransport.StartResult.ACCEPTED;
    }

    private void toggleBlocked() {
        blocked = !blocked;
        if (blocked) {
            peer.block();
        } else {
            peer.unblock();
        }
    }

    private static int argument(ByteBuf in) {
        return in.isReadable() ? in.readUnsignedByte() : 0;
    }

    /** HOSTILE.md P6: what the peer makes this side hold follows from what it sent. */
    private void requireBoundedMemory() {
        peer.receive();
        long heldBytes = peer.allocator().usedBytes();
        // A request is held by its caller, and once more while it is on its way out.
        long limitBytes = BASE_BYTES + HELD_PER_OCTET * receivedBytes + 4 * requestBytes;
        if (heldBytes > limitBytes) {
            throw new AssertionError("held: " + heldBytes + " bytes after " + receivedBytes
                    + " received (expected: at most " + limitBytes + ')');
        }
    }

    // ---- Scripts for the corpus ------------------------------------------------------------------------------

    static byte[] sending(byte[] octets) {
        return Frames.join(new byte[] {SEND, (byte) (octets.length >>> 8), (byte) octets.length}, octets);
    }

    /** As {@link #sending}, each octet in a read of its own. */
    static byte[] dripping(byte[] octets) {
        ByteBuf out = Unpooled.buffer();
        for (byte octet : octets) {
            out.writeBytes(sending(new byte[] {octet}));
        }
        return ByteBufUtil.getBytes(out);
    }

    static byte[] starting(int units) {
        return new byte[] {START, (byte) units};
    }

    static byte[] startingWithin(int ms) {
        return new byte[] {START_WITHIN, (byte) ms};
    }

    static byte[] cancelling(int index) {
        return new byte[] {CANCEL, (byte) index};
    }

    static byte[] advancing(int ms) {
        return new byte[] {ADVANCE, (byte) ms};
    }

    static byte[] blockingOrUnblocking() {
        return new byte[] {BLOCK};
    }

    static byte[] shuttingDown() {
        return new byte[] {SHUT_DOWN};
    }

    static byte[] streaming(int messages) {
        return new byte[] {STREAM, (byte) (messages - 1)};
    }

    static byte[] offering(int index, int units) {
        return new byte[] {OFFER, (byte) index, (byte) units};
    }

    static byte[] ending(int index) {
        return new byte[] {END, (byte) index};
    }

    static byte[] demanding(int index) {
        return new byte[] {DEMAND, (byte) index};
    }

    static byte[] failing() {
        return new byte[] {FAIL};
    }
}
