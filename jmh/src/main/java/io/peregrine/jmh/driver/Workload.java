package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.FloorSocket;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.peer.stream.Face;
import io.peregrine.jmh.peer.stream.StreamClient;
import io.peregrine.jmh.peer.stream.StreamPeer;
import io.peregrine.jmh.server.StreamServer;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A connected client and the load on it.
 *
 * @param load begins when it is started
 * @param messageBytes the size of each message, if what the load counts are messages from the server; else 0
 * @param client closes the client, when the load has stopped
 */
public record Workload(Load load, int messageBytes, Runnable client) implements AutoCloseable {
    /** The modes, for usage texts. */
    static final String MODES =
            "blocking|blocking-N|N|executor-N|ping-pong-loop|ping-pong-thread|receive-BYTES|receive-BYTES-thread";

    private static final Pattern EXECUTOR = Pattern.compile("executor-([1-9][0-9]{0,5})");
    private static final Pattern RECEIVE = Pattern.compile("receive-([1-9][0-9]{0,6})(-thread)?");

    /**
     * Connects.
     *
     * @param mode one of {@link #MODES}: unary calls that wait, from one thread or N; N asynchronous ones, with callbacks
     *     on the event loop or on an executor with a thread for each processor; a message there and back on an open call;
     *     messages from the server
     * @param peer the client's name
     * @param payload of unary calls, {@code bytes} or {@code protobuf}
     * @throws IllegalArgumentException if there is no such mode or peer
     */
    public static Workload open(String mode, String peer, ClientSetup setup, String payload) {
        Matcher executor = EXECUTOR.matcher(mode);
        if (executor.matches()) {
            return onExecutor(executor.group(1), peer, setup, payload);
        }
        Matcher receive = RECEIVE.matcher(mode);
        if (receive.matches()) {
            Face face = receive.group(2) == null ? Face.CALLBACK : Face.BLOCKING;
            return receiving(peer, setup, face, Integer.parseInt(receive.group(1)));
        }
        return switch (mode) {
            case "ping-pong-loop" -> echoing(peer, setup);
            case "ping-pong-thread" -> exchanging(peer, setup);
            default -> calling(mode, peer, setup, Payload.named(payload));
        };
    }

    private static <M> Workload calling(String mode, String peer, ClientSetup setup, Payload<M> payload) {
        EchoClient<M> client = Peer.named(peer).connect(setup, payload);
        Load.callOnce(client, payload);
        return new Workload(Load.of(mode, client, payload), 0, client::close);
    }

    private static Workload onExecutor(String outstanding, String peer, ClientSetup setup, String payload) {
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        // As an Executor only: neither client may end the pool.
        Executor executor = pool::execute;
        Workload calls = calling(outstanding, peer, setup.withCallbackExecutor(executor), Payload.named(payload));
        return new Workload(calls.load, 0, () -> {
            calls.close();
            pool.shutdown();
        });
    }

    private static Workload echoing(String peer, ClientSetup setup) {
        StreamClient client = StreamPeer.connect(peer, setup, false);
        byte[] message = new byte[Payload.BYTES];
        return new Workload(ClosedLoop.of(slot -> client.openEcho(message, slot), 1), 0, client::close);
    }

    private static Workload exchanging(String peer, ClientSetup setup) {
        StreamClient client = StreamPeer.connect(peer, setup, false);
        StreamClient.Exchange exchange = client.openExchange(Face.BLOCKING, new byte[Payload.BYTES]);
        return new Workload(new BlockingCallers(1, () -> exchange.run(1)), 0, client::close);
    }

    private static Workload receiving(String peer, ClientSetup setup, Face face, int bytes) {
        if (peer.equals(Peer.FLOOR.toString())) {
            FloorSocket socket = FloorSocket.connect(setup);
            Load load = new Receiver(
                    bytes, messages -> socket.receive(StreamServer.RECEIVE, StreamServer.order(messages, bytes)));
            return new Workload(load, bytes, socket::close);
        }
        StreamClient client = StreamPeer.connect(peer, setup, false);
        Load load = new Receiver(bytes, messages -> client.receive(face, messages, bytes));
        return new Workload(load, bytes, client::close);
    }

    @Override
    public void close() {
        client.run();
    }
}
