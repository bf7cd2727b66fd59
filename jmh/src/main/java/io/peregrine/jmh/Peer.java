package io.peregrine.jmh;

import java.util.Arrays;

/** The clients that are compared. */
enum Peer {
    /** This project's client, with its defaults. */
    PEREGRINE("peregrine") {
        @Override
        <M> EchoClient<M> connect(String address, Payload<M> payload) {
            return new PeregrineClient<>(address, payload);
        }
    },

    /** This project's client, whose blocking callers drive the connection. */
    PEREGRINE_DRIVEN("peregrine-driven") {
        @Override
        <M> EchoClient<M> connect(String address, Payload<M> payload) {
            return PeregrineClient.callerDriven(address, payload);
        }
    },

    /** grpc-java with its defaults. */
    GRPC_JAVA("grpc-java") {
        @Override
        <M> EchoClient<M> connect(String address, Payload<M> payload) {
            return GrpcJavaClient.withDefaults(address, payload);
        }
    },

    /** grpc-java at its best tuning. */
    GRPC_JAVA_TUNED("grpc-java-tuned") {
        @Override
        <M> EchoClient<M> connect(String address, Payload<M> payload) {
            return GrpcJavaClient.tuned(address, payload);
        }
    };

    private final String label;

    Peer(String label) {
        this.label = label;
    }

    /** A client of this kind that calls the echo server at {@code address}, as {@code host:port}. */
    abstract <M> EchoClient<M> connect(String address, Payload<M> payload);

    static Peer named(String label) {
        return Arrays.stream(values())
                .filter(peer -> peer.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "peer: " + label + " (expected: one of " + Arrays.toString(values()) + ')'));
    }

    @Override
    public String toString() {
        return label;
    }
}
