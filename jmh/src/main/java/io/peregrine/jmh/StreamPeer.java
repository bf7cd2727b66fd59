package io.peregrine.jmh;

import io.peregrine.client.CallOptions;

/** The clients whose streams are compared. */
final class StreamPeer {
    /** Of a client that corks. */
    private static final int BATCH = 16;

    private StreamPeer() {}

    /**
     * A client of the given {@link StreamServer}.
     *
     * @param name {@code peregrine}; {@code peregrine-driven}, whose blocking callers drive its connection; {@code
     *     peregrine-corked}, which writes its messages in batches of {@value #BATCH}; or {@code grpc-java-tuned}
     * @param retry whether a retry policy is in force
     */
    static StreamClient connect(String name, boolean retry) {
        String address = StreamServer.givenAddress();
        CallOptions options = PeregrineFeatures.optionsFor(retry ? Feature.RETRY : Feature.NONE);
        return switch (name) {
            case "peregrine" -> new PeregrineStreams(address, options, 1);
            case "peregrine-driven" -> new PeregrineStreams(address, options, 1, true);
            case "peregrine-corked" -> new PeregrineStreams(address, options, BATCH);
            case "grpc-java-tuned" -> new GrpcJavaStreams(address, retry);
            default ->
                throw new IllegalArgumentException(
                        "peer: " + name + " (expected: peregrine, peregrine-driven, peregrine-corked or grpc-java-tuned)");
        };
    }
}
