package io.peregrine.client.internal.watch;

import io.netty.buffer.ByteBufAllocator;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.ChannelView;
import io.peregrine.client.internal.StreamCall;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Calls of the channel's own to the server of one subchannel. They pass by the channel's picker, interceptors, service
 * config and breakers, have no deadline, and do not keep the channel from going idle. The channel's credentials count.
 * Safe for use by several threads.
 */
public final class SubConnCalls {
    /** Reports and states of health are small; a server that sends more is not what it should be. */
    private static final int MAX_MESSAGE_BYTES = 64 * 1024;

    /** Nothing is repeated but what the server never saw. */
    private static final RetryLimits NO_RETRIES = new RetryLimits(false, 1, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES);

    private final ScheduledExecutorService timer;
    private final ByteBufAllocator allocator;
    private final String target;
    private final RequestTemplates templates;
    private final Codecs codecs;
    private final @Nullable CallCredentials credentials;

    /** Counted, so that those who look for the application's calls can leave them out (SPEC ID-4). */
    private final AtomicLong started = new AtomicLong();

    private final AtomicLong ended = new AtomicLong();

    /**
     * Joins what the calls have in common with the application's; see {@link CallDispatcher}.
     *
     * @param credentials the channel's, null for none
     */
    public SubConnCalls(
            ScheduledExecutorService timer,
            ByteBufAllocator allocator,
            String target,
            RequestTemplates templates,
            Codecs codecs,
            @Nullable CallCredentials credentials) {
        this.timer = timer;
        this.allocator = allocator;
        this.target = target;
        this.templates = templates;
        this.codecs = codecs;
        this.credentials = credentials;
    }

    /**
     * Starts a call with one request. It fails at once with RESOURCE_EXHAUSTED if the subchannel has no connection. The
     * callback runs on the connection's event loop, or before this method returns.
     *
     * @param subConn one of this channel's own
     */
    public <Q, R> ClientCall<Q> start(
            SubConn subConn, MethodDescriptor<Q, R> method, Q request, StreamCallback<R> callback) {
        started.incrementAndGet();
        StreamCall<Q, R> call =
                new StreamCall<>(dispatcher(subConn), method, CallOptions.DEFAULT, new Counted<>(callback), null);
        call.startWith(request);
        return call;
    }

    /** How many were started so far. */
    long started() {
        return started.get();
    }

    /** How many have not ended. */
    long open() {
        return started.get() - ended.get();
    }

    /** Counts the end of a call. */
    private final class Counted<R> implements StreamCallback<R> {
        private final StreamCallback<R> callback;

        Counted(StreamCallback<R> callback) {
            this.callback = callback;
        }

        @Override
        public void onHeaders(Metadata headers) {
            callback.onHeaders(headers);
        }

        @Override
        public void onMessage(R message) {
            callback.onMessage(message);
        }

        @Override
        public void onComplete(Metadata trailers) {
            ended.incrementAndGet();
            callback.onComplete(trailers);
        }

        @Override
        public void onFailure(StatusException failure) {
            ended.incrementAndGet();
            callback.onFailure(failure);
        }
    }

    /** Nobody publishes another picker, so nobody may wait for one. */
    private CallDispatcher dispatcher(SubConn subConn) {
        PickerSnapshot pickers = new PickerSnapshot(new FixedPicker(PickResult.of(subConn)), 0, timer);
        return new CallDispatcher(
                pickers,
                timer,
                allocator,
                target,
                templates,
                codecs,
                credentials,
                MAX_MESSAGE_BYTES,
                MAX_MESSAGE_BYTES,
                NO_RETRIES,
                OwnView.INSTANCE);
    }

    /** The channel's config is of the application's calls. */
    private enum OwnView implements ChannelView {
        INSTANCE;

        @Override
        public ServiceConfig serviceConfig() {
            return ServiceConfig.EMPTY;
        }

        @Override
        public boolean isResolved() {
            return true;
        }

        @Override
        public String lastFailure() {
            return "";
        }
    }
}
