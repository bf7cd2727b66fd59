package io.peregrine.jmh.pick;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.jmh.peer.Payload;
import java.util.Arrays;

/** The calls that are picked for. */
final class PickedCalls {
    /** So many that a processor does not learn the way of each; a power of two. */
    static final int COUNT = 256;

    private PickedCalls() {}

    /** New calls, each with an affinity key of its own, of 16 characters. */
    static PickInfo[] withKeys() {
        MethodDescriptor<?, ?> method =
                MethodDescriptor.unary(Payload.METHOD, Marshallers.bytes(), Marshallers.bytes());
        PickInfo[] calls = new PickInfo[COUNT];
        Arrays.setAll(
                calls, i -> new Call(method, CallOptions.DEFAULT.withAffinityKey(String.format("user-%011d", i))));
        return calls;
    }

    private record Call(MethodDescriptor<?, ?> method, CallOptions options) implements PickInfo {}
}
