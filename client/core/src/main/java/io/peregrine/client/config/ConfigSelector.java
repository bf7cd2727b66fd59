package io.peregrine.client.config;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;

/**
 * Chooses the config of each call where a resolver knows more than names of methods, such as routes (gRFC A31; SPEC
 * SV-12). Replaces the look-up in the service config. Called by any number of threads at once: must not block.
 */
@FunctionalInterface
public interface ConfigSelector {
    /**
     * Chooses for a call.
     *
     * @throws io.peregrine.client.StatusException to fail the call; a code that only a server may use becomes INTERNAL
     *     (A54)
     */
    MethodConfig select(MethodDescriptor<?, ?> method, CallOptions options);
}
