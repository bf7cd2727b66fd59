package io.peregrine.grpcjava;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;

/** {@link GrpcJavaInterop} without TLS. */
public class PlaintextInteropIT extends GrpcJavaInterop {
    @Override
    protected ServerCredentials serverCredentials() {
        return InsecureServerCredentials.create();
    }

    @Override
    protected PeregrineChannelBuilder channelTo(String host, int port) {
        return PeregrineChannelBuilder.forAddress(host, port).usePlaintext();
    }
}
