package io.peregrine.jmh.peer.stream;

import io.peregrine.client.CallOptions;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.Feature;
import io.peregrine.jmh.peer.PeregrineFeatures;
import io.peregrine.jmh.server.StreamServer;

/** The clients whose streams are compared. */
public final class StreamPeer {
    /** Of a client that corks. */
    private static final int BATCH = 16;

    private StreamPeer() {}

    /** The peer of the given {@link StreamServer}, over plaintext; see {@link #connect(String, ClientSetup, boolean)}. */
    public static StreamClient connect(String name, boolean retry) {
        return connect(name, ClientSetup.plaintext(StreamServer.givenAddress()), retry);
    }

    /**
     * A client of a server that speaks as {@link StreamServer} does.
     *
     * @param name {@code peregrine}; {@code peregrine-driven}, whose blocking callers drive its connection; {@code
     *     peregrine-corked}, which writes its messages in batches of {@value #BATCH}; or {@code grpc-java-tuned}
     * @param setup where the server is
     * @param retry whether a retry policy is in force
     * @throws IllegalArgumentException if there is no such peer
     */
    public static StreamClient connect(String name, ClientSetup setup, boolean retry) {
        CallOptions options = PeregrineFeatures.optionsFor(retry ? Feature.RETRY : Feature.NONE);
        return switch (name) {
            case "peregrine" -> new PeregrineStreams(setup, options, 1);
            case "peregrine-driven" -> PeregrineStreams.callerDriven(setup, options);
            case "peregrine-corked" -> new PeregrineStreams(setup, options, BATCH);
            case "grpc-java-tuned" -> new GrpcJavaStreams(setup, retry);
            default ->
                throw new IllegalArgumentException("peer: " + name
                        + " (expected: peregrine, peregrine-driven, peregrine-corked or grpc-java-tuned)");
        };
    }
}
