package io.peregrine.client.internal.watch;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.SubConn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The method {@code grpc.health.v1.Health/Watch}, by which a server says whether a service is fit for calls, and what its
 * answers mean for a subchannel (gRFC A17, SPEC HC-2 to HC-5). In the channel's serialised context only.
 */
final class HealthStream implements WatchStream.Listener<Integer> {
    /** Of requests as {@link #request} encodes them; a response is its {@code ServingStatus}. */
    static final MethodDescriptor<byte[], Integer> METHOD =
            MethodDescriptor.serverStreaming("grpc.health.v1.Health/Watch", Marshallers.bytes(), new Statuses());

    private static final System.Logger LOG = System.getLogger(HealthStream.class.getName());

    /** {@code HealthCheckRequest.service} and {@code HealthCheckResponse.status}. */
    private static final int ONLY_FIELD = 1;

    private static final int SERVING = 1;

    private final SubConn subConn;
    private final String service;
    private final SubConn.Listener listener;

    /** Of the channel: servers that know no health checks are logged once (HC-4). */
    private final AtomicBoolean unimplementedLogged;

    private @Nullable Integer last;

    HealthStream(SubConn subConn, String service, SubConn.Listener listener, AtomicBoolean unimplementedLogged) {
        this.subConn = subConn;
        this.service = service;
        this.listener = listener;
        this.unimplementedLogged = unimplementedLogged;
    }

    /** A {@code HealthCheckRequest}. */
    static byte[] request(String service) {
        byte[] encoded = new byte[service.isEmpty() ? 0 : CodedOutputStream.computeStringSize(ONLY_FIELD, service)];
        CodedOutputStream out = CodedOutputStream.newInstance(encoded);
        try {
            if (!service.isEmpty()) {
                out.writeString(ONLY_FIELD, service);
            }
            out.checkNoSpaceLeft();
        } catch (IOException sizesDisagree) {
            throw new UncheckedIOException(sizesDisagree);
        }
        return encoded;
    }

    @Override
    public void onMessage(Integer status) {
        if (status.equals(last)) {
            return;
        }
        last = status;
        if (status == SERVING) {
            listener.onState(ConnectivityState.READY, Status.OK);
        } else {
            fail(named() + " is " + nameOf(status));
        }
    }

    @Override
    public void onEnd(Status status) {
        last = null;
        if (status.code() == StatusCode.UNIMPLEMENTED) {
            boolean first = unimplementedLogged.compareAndSet(false, true);
            LOG.log(
                    first ? System.Logger.Level.ERROR : System.Logger.Level.DEBUG,
                    "{0} knows no health checks, and is taken for healthy: {1}",
                    subConn.address(),
                    status);
            listener.onState(ConnectivityState.READY, Status.OK);
        } else {
            fail("the health check of " + named() + " ended: " + status);
        }
    }

    private String named() {
        return (service.isEmpty() ? "the server" : "the service \"" + service + '"') + " at " + subConn.address();
    }

    private void fail(String reason) {
        listener.onState(ConnectivityState.TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, reason));
    }

    private static String nameOf(int status) {
        return switch (status) {
            case 0 -> "UNKNOWN";
            case SERVING -> "SERVING";
            case 2 -> "NOT_SERVING";
            case 3 -> "SERVICE_UNKNOWN";
            default -> "of status " + status;
        };
    }

    private static final class Statuses extends ReceivedOnly<Integer> {
        @Override
        Integer read(CodedInputStream in) throws IOException {
            int status = 0;
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag == WireFormat.FieldType.ENUM.getWireType() + (ONLY_FIELD << 3)) {
                    status = in.readEnum();
                } else {
                    in.skipField(tag);
                }
            }
            return status;
        }
    }
}
