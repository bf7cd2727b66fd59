package io.peregrine.jmh.driver;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.ManualResolver;
import io.peregrine.jmh.process.ProcessCpu;
import io.peregrine.jmh.process.ProcessMemory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Measures what a channel costs whose resolver knows many addresses and tells them again each second. The addresses are of
 * 127.0.0.0/8, so one server that listens on all of them serves all.
 *
 * <p>Prints a line for each round of updates, so that a growth shows. CPU time is that of the process over the round, with
 * one call a second and without the JIT compilers' threads. Memory is that of the live objects, and of the process, beyond
 * what there was before the channel was made.
 */
public final class ManyAddresses {
    private static final String USAGE =
            "POLICY_JSON ADDRESSES UPDATES PORT [--change equal|shuffled|replaced] [--rounds NUMBER] [--rest SECONDS]";
    private static final Set<String> OPTIONS = Set.of("--change", "--rounds", "--rest");
    private static final int ROUNDS = 3;
    private static final int REST_SECONDS = 3;
    private static final int REPLACED_ONE_IN = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());

    /** What is new in an update. */
    private enum Change {
        /** Nothing. */
        EQUAL,
        /** The order. */
        SHUFFLED,
        /** The order, and one address in a hundred is one that was not there before. */
        REPLACED
    }

    private final SplittableRandom random = new SplittableRandom(1);
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Change change;
    private final int port;
    private int nextHost = 1;

    private ManyAddresses(int addresses, Change change, int port) throws IOException {
        this.change = change;
        this.port = port;
        for (int i = 0; i < addresses; i++) {
            endpoints.add(newEndpoint());
        }
    }

    /**
     * Runs one measurement; exits with 2 if there is an argument that it does not know.
     *
     * @param args the policy as {@code loadBalancingConfig} has it in its list, so many addresses, so many updates in a round,
     *     and the port of a server on all addresses of the loopback interface
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        try {
            Arguments arguments = Arguments.parse(USAGE, 4, 4, OPTIONS, args);
            Change change =
                    Change.valueOf(arguments.option("--change", "replaced").toUpperCase(Locale.ROOT));
            ManyAddresses measured = new ManyAddresses(arguments.number(1), change, arguments.number(3));
            measured.measure(
                    arguments.value(0),
                    arguments.number(2),
                    arguments.option("--rounds", ROUNDS),
                    arguments.option("--rest", REST_SECONDS));
        } catch (IllegalArgumentException refused) {
            System.err.println(refused.getMessage());
            System.exit(2);
        }
    }

    private void measure(String policy, int updates, int rounds, int restSeconds)
            throws IOException, InterruptedException {
        ProcessMemory before = ProcessMemory.afterRest(restSeconds);
        ManualResolver resolver = new ManualResolver("many");
        try (ClientConn conn = ClientConn.builder("many:///addresses")
                .credentials(InsecureCredentials.create())
                .resolver(resolver)
                .serviceConfig(ServiceConfig.parse("{\"loadBalancingConfig\":[" + policy + "]}"))
                .build()) {
            resolver.endpoints(List.copyOf(endpoints));
            call(conn);
            awaitSteady(conn);
            System.out.println(memory(line(policy, conn, 0), before, restSeconds));
            for (int round = 1; round <= rounds; round++) {
                JsonLine line = updated(line(policy, conn, round), conn, resolver, updates);
                System.out.println(memory(line, before, restSeconds));
            }
        }
    }

    private JsonLine line(String policy, ClientConn conn, int round) {
        return new JsonLine()
                .put("driver", "ManyAddresses")
                .put("policy", policy.replaceAll("[^a-zA-Z_0-9]+", " ").strip())
                .put("change", change.name().toLowerCase(Locale.ROOT))
                .put("jdk", Runtime.version().toString())
                .put("addresses", endpoints.size(), 0)
                .put("round", round, 0)
                .put("connections", conn.connections().size(), 0);
    }

    private JsonLine updated(JsonLine line, ClientConn conn, ManualResolver resolver, int updates)
            throws IOException, InterruptedException {
        ProcessCpu cpu = new ProcessCpu();
        long longestNs = 0;
        for (int i = 0; i < updates; i++) {
            long startNs = System.nanoTime();
            change();
            List<Endpoint> update = List.copyOf(endpoints);
            long pushedNs = System.nanoTime();
            resolver.endpoints(update);
            longestNs = Math.max(longestNs, System.nanoTime() - pushedNs);
            call(conn);
            TimeUnit.NANOSECONDS.sleep(TimeUnit.SECONDS.toNanos(1) - (System.nanoTime() - startNs));
        }
        double cpuNs = (double) cpu.lapNs() / updates;
        if (conn.state() != ConnectivityState.READY) {
            throw new IllegalStateException("state: " + conn.state() + " (expected: READY)");
        }
        return line.put("cpuMsPerUpdate", cpuNs / TimeUnit.MILLISECONDS.toNanos(1), 2)
                .put("longestUpdateMs", (double) longestNs / TimeUnit.MILLISECONDS.toNanos(1), 2);
    }

    private static JsonLine memory(JsonLine line, ProcessMemory before, int restSeconds)
            throws IOException, InterruptedException {
        ProcessMemory now = ProcessMemory.afterRest(restSeconds);
        return line.put("heapBytes", (double) (now.heap() - before.heap()), 0)
                .put("directBytes", (double) (now.direct() - before.direct()), 0)
                .put("residentBytes", (double) (now.resident() - before.resident()), 0);
    }

    private static void call(ClientConn conn) {
        byte[] unused = conn.invoke(
                ECHO, new byte[100], CallOptions.deadlineAfter(PATIENCE).withWaitForReady(true));
    }

    /** Returns when there have been as many connections for a second. */
    private static void awaitSteady(ClientConn conn) throws InterruptedException {
        int known = -1;
        for (int now = conn.connections().size();
                now != known;
                now = conn.connections().size()) {
            known = now;
            TimeUnit.SECONDS.sleep(1);
        }
    }

    private void change() throws IOException {
        if (change == Change.EQUAL) {
            return;
        }
        for (int i = 0; change == Change.REPLACED && i < endpoints.size() / REPLACED_ONE_IN; i++) {
            endpoints.set(random.nextInt(endpoints.size()), newEndpoint());
        }
        for (int i = endpoints.size() - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            Endpoint moved = endpoints.get(i);
            endpoints.set(i, endpoints.get(j));
            endpoints.set(j, moved);
        }
    }

    private Endpoint newEndpoint() throws IOException {
        int host = nextHost++;
        byte[] octets = {127, (byte) (host >> 16), (byte) (host >> 8), (byte) host};
        return Endpoint.of(new InetSocketAddress(InetAddress.getByAddress(octets), port));
    }
}
