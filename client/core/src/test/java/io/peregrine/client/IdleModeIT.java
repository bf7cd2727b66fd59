package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.testing.integration.EmptyProtos.Empty;
import io.peregrine.client.credentials.InsecureCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Idle mode (SPEC 2.6) and subchannels that go (SC-7), on real connections to grpc-java. */
class IdleModeIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/EmptyCall",
            Marshallers.protobuf(Empty.parser()),
            Marshallers.protobuf(Empty.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final Duration SHORT = Duration.ofSeconds(1);

    private static InteropServer one;
    private static InteropServer other;

    @BeforeAll
    static void startServers() throws Exception {
        one = InteropServer.plaintext();
        other = InteropServer.plaintext();
    }

    @AfterAll
    static void stopServers() throws Exception {
        one.close();
        other.close();
    }

    @Test
    void id2AChannelWithoutCallsLetsGoOfConnectionAndResolverAndTheNextCallBringsThemBack() throws Exception {
        GivenEndpoints endpoints = new GivenEndpoints(GivenEndpoints.loopback(one.port()));
        try (ClientConn conn = connect(endpoints).idleTimeout(SHORT).build()) {
            call(conn);

            for (ConnectivityState now = conn.state(); now != ConnectivityState.IDLE; now = conn.state()) {
                conn.stateChangedFrom(now).get(20, TimeUnit.SECONDS);
            }
            assertThat(endpoints.open()).isZero();
            awaitNoConnections(conn);
            assertThat(endpoints.opened()).isEqualTo(1);
            call(conn);

            assertThat(endpoints.opened()).isEqualTo(2);
        }
    }

    @Test
    void id5AStreamKeepsTheChannelFromGoingIdle() throws Exception {
        try (ClientConn conn = connect(new GivenEndpoints(GivenEndpoints.loopback(one.port())))
                .idleTimeout(SHORT)
                .build()) {
            CountDownLatch idle = new CountDownLatch(1);
            try (var stream = conn.newStream(TestService.DUPLEX, OPTIONS)) {
                stream.send(TestService.responses(1));
                assertThat(stream.receive()).isNotNull();
                Cancellable unused = conn.watchState(state -> {
                    if (state == ConnectivityState.IDLE) {
                        idle.countDown();
                    }
                });

                assertThat(idle.await(2, TimeUnit.SECONDS)).isFalse();
                stream.send(TestService.responses(1));
                assertThat(stream.receive()).isNotNull();
                stream.closeSend();
                assertThat(stream.receive()).isNull();
            }

            assertThat(idle.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void ch13ACallUnderWayEndsOnItsConnectionWhenTheChannelGoesIdle() throws Exception {
        try (ClientConn conn = connect(new GivenEndpoints(GivenEndpoints.loopback(one.port())))
                        .build();
                var stream = conn.newStream(TestService.DUPLEX, OPTIONS)) {
            stream.send(TestService.responses(1));
            assertThat(stream.receive()).isNotNull();

            conn.enterIdle();
            stream.send(TestService.responses(2));
            assertThat(stream.receive()).isNotNull();
            call(conn);
            stream.closeSend();

            assertThat(stream.receive()).isNull();
        }
    }

    /** Each call meets the channel at any point of going idle, and none is lost that the rules do not let be lost. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void id3NoCallIsLostThatStartsWhileTheChannelGoesIdleAgainAndAgain(boolean blocking) throws Exception {
        try (ClientConn conn =
                connect(new GivenEndpoints(GivenEndpoints.loopback(one.port()))).build()) {
            assertThat(callsDuring(conn, blocking, conn::enterIdle)).isEmpty();
        }
    }

    /** SC-7 without a delay: a call that has picked a subchannel which goes picks again. */
    @Test
    void sc7NoCallIsLostThatHasPickedASubchannelWhichTheResolverTakesAway() throws Exception {
        GivenEndpoints endpoints = new GivenEndpoints(GivenEndpoints.loopback(one.port()));
        try (ClientConn conn = connect(endpoints)
                .serviceConfigJson("{\"loadBalancingConfig\": [{\"round_robin\": {}}]}")
                .build()) {
            AtomicLong turns = new AtomicLong();
            Runnable flap = () -> endpoints.set(
                    GivenEndpoints.loopback(turns.getAndIncrement() % 2 == 0 ? other.port() : one.port()));

            assertThat(callsDuring(conn, true, flap)).isEmpty();
        }
    }

    /** Calls from three threads while another one disturbs them; returns the failures. */
    private static List<Throwable> callsDuring(ClientConn conn, boolean blocking, Runnable disturbance)
            throws Exception {
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong calls = new AtomicLong();
        long disturbed = 0;
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            threads.add(new Thread(() -> {
                while (!over.get()) {
                    try {
                        if (blocking) {
                            call(conn);
                        } else {
                            Empty unused = conn.invokeFuture(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)
                                    .get(30, TimeUnit.SECONDS);
                        }
                        calls.incrementAndGet();
                    } catch (Exception failed) {
                        failures.add(failed);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (System.nanoTime() < endNs) {
            long seen = calls.get();
            disturbance.run();
            disturbed++;
            // In the middle of calls, and not while all of them wait.
            while (calls.get() < seen + 3 && System.nanoTime() < endNs) {
                Thread.onSpinWait();
            }
        }
        over.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(disturbed).as("times disturbed").isGreaterThan(10);
        assertThat(calls.get()).as("calls").isGreaterThan(30);
        return List.copyOf(failures);
    }

    private static void awaitNoConnections(ClientConn conn) {
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!conn.connections().isEmpty() && System.nanoTime() < endNs) {
            Thread.onSpinWait();
        }
        assertThat(conn.connections()).isEmpty();
    }

    private static void call(ClientConn conn) {
        assertThat(conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)).isNotNull();
    }

    private static ClientConnBuilder connect(GivenEndpoints endpoints) {
        return ClientConn.builder("given:///any")
                .credentials(InsecureCredentials.create())
                .resolver(endpoints);
    }
}
