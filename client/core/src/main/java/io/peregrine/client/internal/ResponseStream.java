package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.internal.message.ForeignResponse;
import io.peregrine.client.internal.message.ResponseDecoder;
import io.peregrine.client.internal.message.ResponseEnd;
import io.peregrine.client.internal.message.ResponseStart;
import io.peregrine.client.internal.message.StatusMapping;
import io.peregrine.client.internal.retry.Outcome;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.MessagePipe;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportStream;
import org.jspecify.annotations.Nullable;

/**
 * What comes back on the stream of an {@link Attempt}, which extends it: turns the octets into metadata, messages and
 * a status (SPEC ST-1 to ST-9), and decides what may follow a stream's end. On the transport's event loop.
 *
 * @param <R> the response
 */
abstract class ResponseStream<R> extends TransportStream {
    final Call<?, R> call;
    private boolean responded;
    private @Nullable Codec codec;
    private @Nullable Status localFailure;
    private @Nullable ForeignResponse foreign;

    ResponseStream(Call<?, R> call, @Nullable MessagePipe pipe) {
        super(pipe);
        this.call = call;
    }

    /**
     * Why this side ends the attempt.
     *
     * @param outcome what may follow
     * @param status the status of the attempt
     */
    record Cancellation(Outcome outcome, Status status) {}

    // ---- Of the attempt --------------------------------------------------------------------------------------

    /** Set once this side wants the attempt to end. */
    abstract @Nullable Cancellation cancellation();

    /** The response has begun. */
    abstract void onResponse();

    abstract void deliver(Metadata headers);

    abstract void deliver(R message);

    /** Resets the stream; the transport's answer to that ends it. */
    abstract void cancelStream();

    /** The stream has ended. Comes last, once. */
    abstract void end(Outcome how, Status status, Metadata trailers, @Nullable StreamFailure failure);

    // ---- For the attempt -------------------------------------------------------------------------------------

    /** Whether a gRPC response has begun. */
    final boolean responded() {
        return responded;
    }

    final boolean hasDeadline() {
        return deadlineNs() != NO_DEADLINE;
    }

    /** Forgets a response that ended as usual. */
    final void forgetResponse() {
        assert localFailure == null && foreign == null;
        responded = false;
        codec = null;
        forgetStream();
    }

    // ---- From the transport ----------------------------------------------------------------------------------

    @Override
    protected boolean onHeaders(ResponseHeaders headers) {
        ResponseStart start = ResponseStart.of(call.dispatcher().codecs(), headers);
        Status notGrpc = start.notGrpc();
        if (notGrpc != null) {
            foreign = new ForeignResponse(notGrpc);
            return false;
        }
        responded = true;
        onResponse();
        Status unreadable = start.unreadable();
        if (unreadable != null) {
            abort(unreadable);
        } else {
            codec = start.codec();
            deliver(start.metadata());
        }
        return true;
    }

    @Override
    protected void onMessage(ByteBuf message, boolean compressed) {
        if (localFailure != null) {
            return;
        }
        R response;
        try {
            response = ResponseDecoder.read(
                    call.method().responseMarshaller(), message, compressed, codec, call.maxInboundMessageBytes());
        } catch (StatusException unreadable) {
            abort(unreadable.status());
            return;
        }
        deliver(response);
    }

    @Override
    protected void onForeignBody(ByteBuf data) {
        ForeignResponse response = foreign;
        assert response != null;
        if (response.quote(data)) {
            // Enough is known; the transport's answer to the reset ends the attempt.
            cancelStream();
        }
    }

    @Override
    protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
        ResponseEnd end = ResponseEnd.of(trailers, trailersOnly);
        Status failed = localFailure;
        if (failed != null) {
            end(Outcome.FINAL, failed, end.trailers(), null);
        } else if (foreign != null) {
            end(Outcome.LOST, foreign.status(), end.trailers(), null);
        } else {
            end(trailersOnly ? Outcome.TRAILERS_ONLY : Outcome.RESPONSE, end.status(), end.trailers(), null);
        }
    }

    @Override
    protected void onFailure(StreamFailure failure) {
        Status failed = localFailure;
        Cancellation cancelled = cancellation();
        if (failed != null) {
            end(Outcome.FINAL, failed, Metadata.EMPTY, failure);
        } else if (foreign != null) {
            end(Outcome.LOST, foreign.status(), Metadata.EMPTY, failure);
        } else if (cancelled != null && failure.kind() == StreamFailure.Kind.CANCELLED) {
            end(responded ? Outcome.RESPONSE : cancelled.outcome(), cancelled.status(), Metadata.EMPTY, failure);
        } else {
            boolean deadlinePassed =
                    hasDeadline() && deadlineNs() - call.dispatcher().nanoTime() <= 0;
            Status status = StatusMapping.ofFailure(failure, deadlinePassed);
            end(outcomeOf(failure, status), status, Metadata.EMPTY, failure);
        }
    }

    /** A server that answers first and then says that it did not see the request is not believed. */
    private Outcome outcomeOf(StreamFailure failure, Status status) {
        if (hasResponse() || status.code() == StatusCode.DEADLINE_EXCEEDED) {
            return responded ? Outcome.RESPONSE : Outcome.FINAL;
        }
        return Outcome.ofFailure(failure.kind());
    }

    /** Decides the status now; the transport's answer to the reset ends the attempt with it. On the event loop. */
    void abort(Status status) {
        localFailure = status;
        cancelStream();
    }
}
