package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.peer.ServerTrust;
import io.peregrine.jmh.process.ProcessMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Measures the memory that a channel with one connection holds when it has made a call and rests: many of them, divided.
 *
 * <p>Heap is the size of the live objects, by the JVM's class histogram: a collector may leave dead ones where they are. It
 * is the difference that the connections make, without what all share. Direct memory is all that is reserved in the
 * end, the pools' reserves included: what Netty counts, and besides it what the JVM counts as direct buffers and Netty
 * does not. The resident set has both, the stacks of threads, and what BoringSSL allocates, which nobody else counts;
 * it is a difference, and rough.
 */
public final class IdleMemory {
    private static final String USAGE = "PEER CONNECTIONS HOST:PORT [--tls CERTIFICATE] [--idle SECONDS]";
    private static final Set<String> OPTIONS = Set.of("--tls", "--idle");

    /** Open before the others, so that what all share is not counted. */
    private static final int FIRST_CONNECTIONS = 20;

    private static final int IDLE_SECONDS = 3;

    private IdleMemory() {}

    /**
     * Runs one measurement; exits with 2 if there is an argument that it does not know.
     *
     * @param args peer, the number of connections, {@code host:port}; and how long they rest before they are measured
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        try {
            System.out.println(measure(Arguments.parse(USAGE, 3, 3, OPTIONS, args), Payload.ofBytes()));
        } catch (IllegalArgumentException refused) {
            System.err.println(refused.getMessage());
            System.exit(2);
        }
    }

    private static <M> JsonLine measure(Arguments arguments, Payload<M> payload)
            throws IOException, InterruptedException {
        Peer peer = Peer.named(arguments.value(0));
        int connections = arguments.number(1);
        String certificate = arguments.option("--tls");
        ServerTrust trust = certificate == null ? null : ServerTrust.shared(Path.of(certificate));
        ClientSetup setup = ClientSetup.of(arguments.value(2), trust);
        List<EchoClient<M>> clients = new ArrayList<>();
        open(clients, FIRST_CONNECTIONS, peer, setup, payload);
        int idleSeconds = arguments.option("--idle", IDLE_SECONDS);
        ProcessMemory before = ProcessMemory.afterRest(idleSeconds);
        open(clients, connections, peer, setup, payload);
        ProcessMemory after = ProcessMemory.afterRest(idleSeconds);
        clients.forEach(EchoClient::close);
        double heap = (double) (after.heap() - before.heap()) / connections;
        double direct = (double) after.direct() / (FIRST_CONNECTIONS + connections);
        return Results.newLine("IdleMemory", arguments.value(0), "idle", trust != null)
                .put("connections", connections, 0)
                .put("bytes", heap + direct, 0)
                .put("heapBytes", heap, 0)
                .put("directBytes", direct, 0)
                .put("residentBytes", (double) (after.resident() - before.resident()) / connections, 0);
    }

    private static <M> void open(
            List<EchoClient<M>> clients, int count, Peer peer, ClientSetup setup, Payload<M> payload) {
        for (int i = 0; i < count; i++) {
            EchoClient<M> client = peer.connect(setup, payload);
            client.call(payload.message());
            clients.add(client);
        }
    }
}
