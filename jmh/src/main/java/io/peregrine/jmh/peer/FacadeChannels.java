package io.peregrine.jmh.peer;

import io.grpc.ManagedChannel;
import io.peregrine.grpcjava.PeregrineChannelBuilder;

/** Channels of Peregrine for what is written for grpc-java, to one address. */
final class FacadeChannels {
    private FacadeChannels() {}

    /** As it comes; callbacks on threads of the library, unless the setup names an executor. */
    static ManagedChannel withDefaults(ClientSetup setup) {
        return builder(setup).build();
    }

    /** Callbacks on the event loop, unless the setup names an executor. */
    static ManagedChannel direct(ClientSetup setup) {
        PeregrineChannelBuilder builder = builder(setup);
        return setup.callbackExecutor() == null ? builder.directExecutor().build() : builder.build();
    }

    private static PeregrineChannelBuilder builder(ClientSetup setup) {
        PeregrineChannelBuilder builder = PeregrineChannelBuilder.forTarget("passthrough:///" + setup.address());
        ServerTrust trust = setup.trust();
        if (trust == null) {
            builder.usePlaintext();
        } else {
            builder.credentials(trust.forPeregrine());
        }
        return setup.callbackExecutor() == null ? builder : builder.executor(setup.callbackExecutor());
    }
}
