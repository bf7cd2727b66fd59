package io.peregrine.client.internal.control;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Resolution;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Resolvers and policies that do not do as they should: the last good state stays in use, the reason is told, the retry
 * follows the backoff, and each change of state is logged once.
 */
class BadInputTest {
    private static final Duration BACKOFF = Duration.ofMillis(1200);

    private final ScriptedChannel channel = new ScriptedChannel();
    private final Logger logger = Logger.getLogger("io.peregrine.client.internal.control");
    private final List<String> logged = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.INFO.intValue()) {
                logged.add(record.getLevel() + " " + record.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
    }

    private void bringUp() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.pickedMessage()).isEqualTo("scripted");
    }

    // ---- Resolvers -------------------------------------------------------------------------------------------

    @Test
    void rs1AResolverThatKeepsFailingIsAskedInTheBackoffsRhythmAndLoggedOnce() {
        bringUp();
        for (int n = 0; n < 12; n++) {
            channel.resolver().fail("SERVFAIL " + n);
            channel.advance(Duration.ofMinutes(3));
        }

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.pickedMessage()).isEqualTo("scripted");
        assertThat(channel.resolver().retries).isEqualTo(12);
        assertThat(channel.control.lastFailure()).isEqualTo("SERVFAIL 11");
        assertThat(logged).hasSize(1);
        channel.resolver().answer("10.0.0.1");
        channel.resolver().answer("10.0.0.2");

        assertThat(channel.control.lastFailure()).isEmpty();
        assertThat(logged).hasSize(2);
    }

    @Test
    void aResolverThatFlapsLeavesOnePolicyAndNoTimers() {
        channel.control.exitIdle();
        for (int n = 0; n < 1000; n++) {
            channel.resolver().answer("10.0.0." + n % 2);
            channel.resolver().fail("SERVFAIL");
            channel.resolver().answer();
        }
        channel.resolver().answer("10.0.0.9");
        channel.advance(Duration.ofMinutes(5));

        assertThat(channel.balancers).hasSize(1);
        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.resolver().retries).isZero();
    }

    @Test
    void rs1OfWhatAResolverReportsFasterThanItIsTakenOnlyTheLastAnswerIsKept() {
        channel.control.exitIdle();
        ScriptedChannel.Resolver resolver = channel.resolver();
        channel.whenEndpointsCome = balancer -> {
            if (balancer.seen.size() == 1) {
                // In the context: nothing of this is taken before it ends.
                for (int n = 0; n < 100_000; n++) {
                    resolver.answer("10.0.1." + n % 200);
                }
                resolver.fail("the last word");
            }
            balancer.context.updateState(READY, ScriptedChannel.picker("here"));
        };

        resolver.answer("10.0.0.1");

        assertThat(channel.balancer().seen).hasSize(2);
        assertThat(channel.balancer().seen.get(1)).isEqualTo(ScriptedChannel.endpoints("10.0.1.199"));
        assertThat(channel.balancer().errors).extracting(Status::message).containsExactly("the last word");
    }

    @Test
    void threeThousandAddressesReachThePolicyInOnePiece() {
        channel.control.exitIdle();
        channel.resolver()
                .answer(IntStream.range(0, 3000)
                        .mapToObj(n -> "10.1." + n / 250 + '.' + n % 250)
                        .toArray(String[]::new));

        assertThat(channel.balancer().seen.get(0)).hasSize(3000);
        assertThat(channel.state()).isEqualTo(READY);
    }

    @Test
    void aResolverThatThrowsWhenItIsAskedIsAskedAgainAndCostsNoCall() {
        bringUp();
        channel.resolver().fail("SERVFAIL");
        channel.resolver().onAsked = new IllegalStateException("resolver fault");

        channel.advance(BACKOFF);
        assertThat(channel.control.lastFailure()).contains("the resolver of scripted:///any", "resolver fault");
        assertThat(channel.state()).isEqualTo(READY);
        channel.advance(Duration.ofSeconds(2));

        assertThat(channel.resolver().retries).isEqualTo(2);
        assertThat(logged).hasSize(1);
    }

    /** Or the policy would get the blame, and be made anew. */
    @Test
    void rs2AResolverThatFailsWithOkIsToldToThePolicyAsAnError() {
        channel.control.exitIdle();

        channel.resolver().listener().onError(Status.OK);

        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(channel.pickedMessage())
                .isEqualTo("the resolver of scripted:///any failed with the status OK (expected: an error)");
        assertThat(channel.balancers).hasSize(1);
        channel.advance(BACKOFF);
        assertThat(channel.resolver().retries).isEqualTo(1);
        assertThat(channel.balancers).as("nothing is made anew").hasSize(1);
    }

    // ---- Configs ---------------------------------------------------------------------------------------------

    @Test
    void aConfigThatNamesAnUnknownPolicyLeavesTheOneBefore() {
        bringUp();
        ServiceConfigSource unknown = ServiceConfigSource.json("{\"loadBalancingConfig\": [{\"nonesuch\": {}}]}");

        for (int n = 0; n < 5; n++) {
            channel.resolver()
                    .listener()
                    .onResolution(
                            Resolution.of(ScriptedChannel.endpoints("10.0.0.2")).withServiceConfig(unknown));
        }

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.balancers).hasSize(1);
        assertThat(channel.balancer().seen).as("its addresses count").hasSize(6);
        assertThat(channel.control.lastFailure()).contains("$.loadBalancingConfig", "policy that is registered");
        assertThat(logged).hasSize(1);
        channel.advance(BACKOFF);
        assertThat(channel.resolver().retries).isEqualTo(1);
    }

    @Test
    void rs3ANewPolicyThatComesWithoutAddressesGetsTheLastGoodOnes() {
        bringUp();

        channel.resolver().answer(channel.config("another"));

        assertThat(channel.balancer().seen).containsExactly(ScriptedChannel.endpoints("10.0.0.1"));
        assertThat(channel.balancer().errors).hasSize(1);
        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.pickedMessage()).isEqualTo("another");
    }

    // ---- Policies --------------------------------------------------------------------------------------------

    @Test
    void aPolicyThatThrowsLeavesTheLastPickerInUse() {
        bringUp();
        channel.onEndpoints = new IllegalStateException("policy fault");

        channel.resolver().answer("10.0.0.2");

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.pickedMessage()).isEqualTo("scripted");
        assertThat(channel.control.lastFailure()).contains("the policy scripted of scripted:///any", "policy fault");
        assertThat(logged).hasSize(1);
    }

    @Test
    void ch12APolicyThatThrowsFromTheStartFailsCallsWithItsFaultAndIsMadeAnewWithBackoff() {
        channel.onEndpoints = new NoClassDefFoundError("com/example/Missing");
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(channel.pickedMessage()).contains("the policy scripted of scripted:///any", "Missing");
        channel.advance(BACKOFF);
        assertThat(channel.balancers).hasSize(2);
        assertThat(channel.balancers.get(0).closed).isFalse();
        channel.onEndpoints = null;
        channel.advance(Duration.ofSeconds(2));

        assertThat(channel.balancers).hasSize(3);
        assertThat(channel.balancer().seen).containsExactly(ScriptedChannel.endpoints("10.0.0.1"));
        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.balancers.get(0).closed).isTrue();
        assertThat(channel.balancers.get(1).closed).isTrue();
        assertThat(channel.control.lastFailure()).isEmpty();
        assertThat(logged).hasSize(2);
    }

    @Test
    void aPolicyThatCannotBeMadeLeavesNoSubchannelBehind() {
        List<ConnectivityState> told = new ArrayList<>();
        List<SubConn> made = new ArrayList<>();
        channel.whenMade = balancer -> made.add(balancer.context.createSubConn(
                new InetSocketAddress("10.0.0.1", 1), Attributes.EMPTY, (state, status) -> told.add(state)));
        channel.onNewBalancer = new IllegalStateException("policy fault");
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);

        channel.onNewBalancer = null;
        channel.whenMade = balancer -> made.forEach(SubConn::connect);
        channel.advance(BACKOFF);

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(told).as("a subchannel that was shut down does not connect").isEmpty();
    }

    @Test
    void aFaultInATimerATaskOrAListenerOfAPolicyIsThePolicysToo() {
        bringUp();
        LoadBalancer.Context context = channel.balancer().context;
        Runnable fault = () -> {
            throw new IllegalStateException("policy fault");
        };

        context.execute(fault);
        context.execute(() -> {
            LoadBalancer.Timer unused = context.schedule(Duration.ofMillis(1), fault);
        });
        channel.advance(Duration.ofMillis(1));

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.pickedMessage()).isEqualTo("scripted");
        assertThat(channel.control.lastFailure()).contains("policy fault");
        assertThat(logged).hasSize(1);
        channel.advance(BACKOFF);
        assertThat(channel.balancers).as("made anew").hasSize(2);
        assertThat(channel.balancers.get(0).closed)
                .as("replaced by one that is ready")
                .isTrue();
    }

    @Test
    void ch9APolicyThatIsSlowHoldsUpNoPick() throws Exception {
        bringUp();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        channel.whenEndpointsCome = balancer -> {
            inside.countDown();
            try {
                assertThat(goOn.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            balancer.context.updateState(CONNECTING, ScriptedChannel.picker("late"));
        };
        Thread slow = new Thread(() -> channel.resolver().answer("10.0.0.2"));
        slow.start();
        assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();

        assertThat(channel.pickedMessage()).isEqualTo("scripted");
        assertThat(channel.state()).isEqualTo(READY);
        channel.control.exitIdle();
        goOn.countDown();
        slow.join();

        assertThat(channel.pickedMessage()).isEqualTo("late");
    }

    @Test
    void aFaultDoesNotOutliveThePolicyThatAConfigReplaces() {
        channel.onEndpoints = new IllegalStateException("policy fault");
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        channel.onEndpoints = null;

        channel.resolver().answer(channel.config("another"), "10.0.0.1");
        channel.advance(Duration.ofMinutes(10));

        assertThat(channel.pickedMessage()).isEqualTo("another");
        assertThat(channel.control.lastFailure()).isEmpty();
        assertThat(channel.balancers).as("nothing is made anew").hasSize(2);
    }
}
