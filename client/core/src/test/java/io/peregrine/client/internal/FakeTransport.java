package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;

import io.netty.buffer.Unpooled;
import io.peregrine.client.StatusCode;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportListener;
import io.peregrine.transport.http2.TransportStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A transport whose events the test makes. As in a real one, a cancel of a stream that was not accepted yet is lost,
 * and the end of a cancelled stream comes later, with {@link #runCancels}.
 */
public final class FakeTransport implements ClientTransport {
    final List<Attempt<?>> started = new ArrayList<>();
    final List<Attempt<?>> live = new ArrayList<>();
    final List<Attempt<?>> toCancel = new ArrayList<>();
    final List<Attempt<?>> signalled = new ArrayList<>();
    public final List<String> shutdowns = new ArrayList<>();
    public StartResult answer = StartResult.ACCEPTED;

    /** Run inside {@link #start}, before the stream is accepted and after. */
    public Runnable beforeAccept = () -> {};

    public Runnable afterAccept = () -> {};

    @Nullable
    public TransportListener listener;

    private final SocketAddress address;
    private final FakeCapacity capacity = new FakeCapacity(() -> answer != StartResult.CLOSED);

    public FakeTransport() {
        this(new InetSocketAddress(InetAddress.getLoopbackAddress(), 50051));
    }

    public FakeTransport(SocketAddress address) {
        this.address = address;
    }

    @Override
    public StartResult start(TransportStream stream) {
        beforeAccept.run();
        if (answer == StartResult.ACCEPTED) {
            started.add((Attempt<?>) stream);
            live.add((Attempt<?>) stream);
            afterAccept.run();
            return StartResult.ACCEPTED;
        }
        return answer;
    }

    @Override
    public void signal(TransportStream stream) {
        signalled.add((Attempt<?>) stream);
    }

    @Override
    public void cancel(TransportStream stream) {
        if (live.contains(stream)) {
            toCancel.add((Attempt<?>) stream);
        }
    }

    @Override
    public void shutdown(String reason) {
        shutdowns.add(reason);
    }

    @Override
    public void shutdownNow(String reason) {
        shutdowns.add("now: " + reason);
    }

    @Override
    public FakeCapacity capacity() {
        return capacity;
    }

    @Override
    public SocketAddress remoteAddress() {
        return address;
    }

    /** The connection ends, with no call left to read of it. */
    public void terminate(String reason, @Nullable Throwable cause) {
        listener().onTerminated(reason, cause);
        listener().onReleased();
    }

    public TransportListener listener() {
        if (listener == null) {
            throw new IllegalStateException("not opened");
        }
        return listener;
    }

    /** The stream that was started last. */
    Attempt<?> last() {
        return started.get(started.size() - 1);
    }

    /** Takes a stream for an end that the test makes; it is no longer live. */
    Attempt<?> take() {
        Attempt<?> taken = live.remove(live.size() - 1);
        StreamAccess.release(taken);
        return taken;
    }

    private Attempt<?> take(Attempt<?> attempt) {
        if (!live.remove(attempt)) {
            throw new AssertionError("not a live stream of " + address);
        }
        StreamAccess.release(attempt);
        return attempt;
    }

    /** The server begins its response. */
    void headers(Attempt<?> attempt, String... namesAndValues) {
        StreamAccess.beginResponse(attempt);
        String[] all = new String[4 + namesAndValues.length];
        all[0] = ":status";
        all[1] = "200";
        all[2] = "content-type";
        all[3] = "application/grpc";
        System.arraycopy(namesAndValues, 0, all, 4, namesAndValues.length);
        attempt.onHeaders(block(all));
    }

    void message(Attempt<?> attempt, int... bytes) {
        byte[] message = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            message[i] = (byte) bytes[i];
        }
        attempt.onMessage(Unpooled.wrappedBuffer(message), false);
    }

    /** The server ends a response that it has begun. */
    void trailers(Attempt<?> attempt, StatusCode code) {
        take(attempt).onTrailers(block("grpc-status", String.valueOf(code.value())), false);
    }

    /** The server answers with a status alone. */
    void refuse(Attempt<?> attempt, StatusCode code, String... namesAndValues) {
        String[] all = new String[6 + namesAndValues.length];
        all[0] = ":status";
        all[1] = "200";
        all[2] = "content-type";
        all[3] = "application/grpc";
        all[4] = "grpc-status";
        all[5] = String.valueOf(code.value());
        System.arraycopy(namesAndValues, 0, all, 6, namesAndValues.length);
        take(attempt).onTrailers(block(all), true);
    }

    /** A whole response with one message. */
    void respond(Attempt<?> attempt, int... message) {
        headers(attempt);
        message(attempt, message);
        trailers(attempt, StatusCode.OK);
    }

    void fail(Attempt<?> attempt, StreamFailure.Kind kind) {
        take(attempt).onFailure(new StreamFailure(kind, 0, "failed: " + kind, null));
    }

    void fail(Attempt<?> attempt, StreamFailure failure) {
        take(attempt).onFailure(failure);
    }

    public void fail(StreamFailure.Kind kind) {
        fail(kind, 0);
    }

    public void fail(StreamFailure.Kind kind, long errorCode) {
        take().onFailure(new StreamFailure(kind, errorCode, "failed: " + kind, null));
    }

    public void runCancels() {
        for (Attempt<?> cancelled : List.copyOf(toCancel)) {
            if (live.remove(cancelled)) {
                StreamAccess.release(cancelled);
                cancelled.onFailure(new StreamFailure(StreamFailure.Kind.CANCELLED, 0, "cancelled", null));
            }
        }
        toCancel.clear();
    }
}
