package io.peregrine.jmh.peer;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The clients that are compared. */
public enum Peer {
    /** This project's client, with its defaults. */
    PEREGRINE("peregrine") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return PeregrineClient.withDefaults(setup, payload);
        }
    },

    /** This project's client, whose blocking callers drive the connection. */
    PEREGRINE_DRIVEN("peregrine-driven") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return PeregrineClient.callerDriven(setup, payload);
        }
    },

    /** grpc-java with its defaults. */
    GRPC_JAVA("grpc-java") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return GrpcJavaClient.withDefaults(setup, payload);
        }
    },

    /** grpc-java at its best tuning. */
    GRPC_JAVA_TUNED("grpc-java-tuned") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return GrpcJavaClient.tuned(setup, payload);
        }
    },

    /** What is written for grpc-java, over this project's channel with its defaults. */
    FACADE("facade") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return GrpcJavaClient.over(FacadeChannels.withDefaults(setup), payload);
        }
    },

    /** The same with callbacks on the event loop, as {@link #GRPC_JAVA_TUNED} has them. */
    FACADE_DIRECT("facade-direct") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return GrpcJavaClient.over(FacadeChannels.direct(setup), payload);
        }
    },

    /** The bytes of a call and no client; a caller that waits does so on its own socket. Plaintext only. */
    FLOOR("floor") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return FloorClient.callerPolls(setup);
        }
    },

    /** The bytes of a call and no client; a caller that waits hands over to an event loop. Plaintext only. */
    FLOOR_HAND_OFF("floor-hand-off") {
        @Override
        public <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload) {
            return FloorClient.handsOff(setup);
        }
    };

    private final String label;

    Peer(String label) {
        this.label = label;
    }

    /** Prints the labels of all clients, for scripts. */
    public static void main(String[] args) {
        System.out.println(Arrays.stream(values()).map(Peer::toString).collect(Collectors.joining(" ")));
    }

    /** A client of this kind that calls an echo server. */
    public abstract <M> EchoClient<M> connect(ClientSetup setup, Payload<M> payload);

    /** A client of this kind that calls the echo server at {@code address}, as {@code host:port}, over plaintext. */
    public <M> EchoClient<M> connect(String address, Payload<M> payload) {
        return connect(ClientSetup.plaintext(address), payload);
    }

    /**
     * The client that goes by {@code label} in commands and results.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Peer named(String label) {
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
