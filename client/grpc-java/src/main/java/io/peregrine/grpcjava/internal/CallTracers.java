package io.peregrine.grpcjava.internal;

import com.google.protobuf.MessageLite;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The stream tracers of one call, one for each factory in its options. They see the call as one stream: attempts behind
 * each other, or side by side, are not told apart, and sizes on the wire are those of the messages before compression.
 */
final class CallTracers {
    private static final long UNKNOWN_SIZE = -1;

    private final ClientStreamTracer[] tracers;

    // Of the sending thread.
    private int sent;

    // Of the thread that the native call calls back on.
    private int received;

    private CallTracers(ClientStreamTracer[] tracers) {
        this.tracers = tracers;
    }

    /** Asks the factories, which may add to {@code headers}. */
    static CallTracers of(CallOptions options, Metadata headers) {
        List<ClientStreamTracer.Factory> factories = options.getStreamTracerFactories();
        ClientStreamTracer.StreamInfo info = ClientStreamTracer.StreamInfo.newBuilder()
                .setCallOptions(options)
                .build();
        ClientStreamTracer[] tracers = new ClientStreamTracer[factories.size()];
        for (int i = 0; i < tracers.length; i++) {
            tracers[i] = factories.get(i).newClientStreamTracer(info, headers);
        }
        return new CallTracers(tracers);
    }

    void onStart(Metadata headers) {
        for (ClientStreamTracer tracer : tracers) {
            tracer.streamCreated(Attributes.EMPTY, headers);
            tracer.outboundHeaders();
        }
    }

    void onSent(int bytes) {
        int number = sent++;
        for (ClientStreamTracer tracer : tracers) {
            tracer.outboundMessage(number);
            tracer.outboundMessageSent(number, bytes, bytes);
            tracer.outboundWireSize(bytes);
            tracer.outboundUncompressedSize(bytes);
        }
    }

    void onHeaders(Metadata headers) {
        for (ClientStreamTracer tracer : tracers) {
            tracer.inboundHeaders(headers);
        }
    }

    /** Only protobuf messages know their size afterwards. */
    void onReceived(Object message) {
        int number = received++;
        long bytes = message instanceof MessageLite known ? known.getSerializedSize() : UNKNOWN_SIZE;
        for (ClientStreamTracer tracer : tracers) {
            tracer.inboundMessage(number);
            tracer.inboundMessageRead(number, bytes, bytes);
            if (bytes >= 0) {
                tracer.inboundWireSize(bytes);
                tracer.inboundUncompressedSize(bytes);
            }
        }
    }

    /** The end; {@code trailers} is null if the server sent none. */
    void onEnd(Status status, @Nullable Metadata trailers) {
        for (ClientStreamTracer tracer : tracers) {
            if (trailers != null) {
                tracer.inboundTrailers(trailers);
            }
            tracer.streamClosed(status);
        }
    }
}
