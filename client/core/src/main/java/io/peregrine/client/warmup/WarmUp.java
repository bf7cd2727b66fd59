package io.peregrine.client.warmup;

import static java.util.Objects.requireNonNull;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.MethodType;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.driven.CallerWait;
import io.peregrine.transport.tls.TlsProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pays beforehand what the first calls of a JVM cost: loads classes and native libraries, and makes calls until the
 * compiler has seen the call path. The calls go to a responder inside this process, over TCP on the loopback address;
 * nothing is sent to anybody else. Connections to real servers are brought up by {@link ClientConn#awaitReady}.
 *
 * <pre>{@code
 * WarmUp.create().method(SAY_HELLO, request, reply).tls().run();
 * conn.awaitReady(Duration.ofSeconds(5));
 * }</pre>
 *
 * <p>Train what the program does, and only that: the compiler specialises for what it has seen, so that blocking calls
 * in a program that makes asynchronous ones only are worse than none. What is not trained: TLS records, streams of
 * messages, and interceptors, balancing policies and service configs of a channel's own.
 *
 * <p>Not safe for use by several threads.
 */
public final class WarmUp {
    private static final int DEFAULT_CALLS = 20_000;
    private static final int DEFAULT_MESSAGE_BYTES = 100;

    private final List<Trained<?, ?>> methods = new ArrayList<>();
    private int blockingCalls = DEFAULT_CALLS;
    private int asyncCalls = DEFAULT_CALLS;
    private Duration limit = Duration.ofSeconds(10);
    private @Nullable EventLoops eventLoops;
    private boolean tls;

    private WarmUp() {}

    /** A warm-up with the defaults of the methods below. */
    public static WarmUp create() {
        return new WarmUp();
    }

    /**
     * Trains this method, with its own marshallers; may be called for several. Default: a method whose messages are 100
     * bytes. Neither of the messages may have more than 65 536 bytes.
     *
     * @param request what the calls send
     * @param response what they are answered
     * @throws IllegalArgumentException if the method is not unary or the response is too large
     */
    public <Q, R> WarmUp method(MethodDescriptor<Q, R> method, Q request, R response) {
        if (method.type() != MethodType.UNARY) {
            throw new IllegalArgumentException(
                    "method: " + method + ", which is " + method.type() + " (expected: a unary one)");
        }
        methods.add(new Trained<>(method, request, CannedResponse.of(method.responseMarshaller(), response)));
        return this;
    }

    /** How many blocking calls to make of each method, at least 0; default 20 000. 0 for who makes none. */
    public WarmUp blockingCalls(int calls) {
        blockingCalls = requireNotNegative("blocking calls", calls);
        return this;
    }

    /** How many asynchronous calls to make of each method, at least 0; default 20 000. 0 for who makes none. */
    public WarmUp asyncCalls(int calls) {
        asyncCalls = requireNotNegative("asynchronous calls", calls);
        return this;
    }

    /** When to stop making calls, whether all are made or not; at least 0, default 10 s. */
    public WarmUp limit(Duration newLimit) {
        if (newLimit.isNegative()) {
            throw new IllegalArgumentException("limit: " + newLimit + " (expected: zero or more)");
        }
        limit = newLimit;
        return this;
    }

    /** The event loops of the channels to come; they stay open. Default: the shared ones. */
    public WarmUp eventLoops(EventLoops loops) {
        eventLoops = requireNonNull(loops, "loops");
        return this;
    }

    /** Loads the TLS library too. */
    public WarmUp tls() {
        tls = true;
        return this;
    }

    /**
     * Does it on the calling thread, which waits.
     *
     * @throws IllegalStateException if called on an event loop, or if no port of the loopback address can be had
     * @throws StatusException if a call fails, for example because a marshaller does
     * @throws InterruptedException if the thread is interrupted while asynchronous calls are under way
     */
    public Report run() throws InterruptedException {
        if (CallerWait.isForbidden()) {
            throw new IllegalStateException("run() on an event loop would wait for itself (expected: another thread)");
        }
        long startNs = System.nanoTime();
        if (tls) {
            // Decides, and so loads the library; what it decides is told to those who ask.
            TlsProvider.selection();
        }
        CallLimit left = CallLimit.startingAt(startNs, limit);
        int calls = 0;
        for (Trained<?, ?> method : methods.isEmpty() ? List.of(bytes()) : methods) {
            calls += train(method, left);
        }
        return new Report(calls, Duration.ofNanos(System.nanoTime() - startNs));
    }

    private int train(Trained<?, ?> method, CallLimit left) throws InterruptedException {
        try (LoopbackResponder responder = LoopbackResponder.start(method.response);
                ClientConn conn = channelTo(responder)) {
            return method.callBlocking(conn, blockingCalls, left) + method.callAsync(conn, asyncCalls, left);
        }
    }

    private ClientConn channelTo(LoopbackResponder responder) {
        ClientConnBuilder builder = ClientConn.builder("dns:///" + responder.hostPort())
                .credentials(InsecureCredentials.create())
                .noProxy();
        return eventLoops == null
                ? builder.build()
                : builder.eventLoops(eventLoops).build();
    }

    private static Trained<byte[], byte[]> bytes() {
        byte[] message = new byte[DEFAULT_MESSAGE_BYTES];
        MethodDescriptor<byte[], byte[]> method =
                MethodDescriptor.unary("peregrine.WarmUp/Echo", Marshallers.bytes(), Marshallers.bytes());
        return new Trained<>(method, message, CannedResponse.of(Marshallers.bytes(), message));
    }

    private static int requireNotNegative(String what, int calls) {
        if (calls < 0) {
            throw new IllegalArgumentException(what + ": " + calls + " (expected: 0 or more)");
        }
        return calls;
    }

    /**
     * What a warm-up did.
     *
     * @param calls how many calls were made
     * @param elapsed how long it took
     */
    public record Report(int calls, Duration elapsed) {}

    /** One method and what its calls carry. */
    private static final class Trained<Q, R> {
        private final MethodDescriptor<Q, R> method;
        private final Q request;
        final byte[] response;

        Trained(MethodDescriptor<Q, R> method, Q request, byte[] response) {
            this.method = method;
            this.request = request;
            this.response = response;
        }

        int callBlocking(ClientConn conn, int calls, CallLimit left) {
            int made = 0;
            while (made < calls && !left.isOver()) {
                conn.invoke(method, request, CallOptions.DEFAULT);
                made++;
            }
            return made;
        }

        int callAsync(ClientConn conn, int calls, CallLimit left) throws InterruptedException {
            return new AsyncTraining<>(conn, method, request, calls, left).run();
        }
    }
}
