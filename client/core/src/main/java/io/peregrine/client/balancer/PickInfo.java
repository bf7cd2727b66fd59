package io.peregrine.client.balancer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;

/** What a picker may know of a call. */
public interface PickInfo {
    /** The method. */
    MethodDescriptor<?, ?> method();

    /** The options, with the metadata. */
    CallOptions options();
}
