package io.peregrine.client.internal;

import io.peregrine.transport.http2.ClientTransport;
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
    public final List<String> shutdowns = new ArrayList<>();
    public StartResult answer = StartResult.ACCEPTED;

    /** Run inside {@link #start}, before the stream is accepted and after. */
    public Runnable beforeAccept = () -> {};

    public Runnable afterAccept = () -> {};

    @Nullable
    public TransportListener listener;

    private final SocketAddress address;

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
        throw new UnsupportedOperationException("unary calls have no pipe");
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
        return live.remove(live.size() - 1);
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
                cancelled.onFailure(new StreamFailure(StreamFailure.Kind.CANCELLED, 0, "cancelled", null));
            }
        }
        toCancel.clear();
    }
}
