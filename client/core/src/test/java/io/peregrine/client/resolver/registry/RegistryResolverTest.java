package io.peregrine.client.resolver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.testkit.RecordedLog;
import io.peregrine.testkit.VirtualTimer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** In virtual time, with a registry that a test speaks for. */
class RegistryResolverTest {
    private static final Endpoint A = Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1));
    private static final Endpoint B = Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 2));

    private final VirtualTimer timer = new VirtualTimer();
    private final List<Object> heard = new ArrayList<>();
    private final RecordedLog log = new RecordedLog(Scripted.class);
    private final Scripted resolver =
            new Scripted(new ResolverContext(80, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true));

    private final NameResolver.Listener listener = new NameResolver.Listener() {
        @Override
        public void onEndpoints(List<Endpoint> endpoints) {
            heard.add(endpoints);
        }

        @Override
        public void onError(Status status) {
            heard.add(status);
        }
    };

    @AfterEach
    void stopRecording() {
        log.close();
    }

    @Test
    void rs2AFailureIsReportedAndTheLastGoodStateIsNot() {
        resolver.start(listener);
        resolver.says(A);
        resolver.fails("answered 500");

        assertThat(heard)
                .containsExactly(List.of(A), Status.of(StatusCode.UNAVAILABLE, "registry at here: answered 500"));
        assertThat(resolver.abandoned).isEqualTo(1);
    }

    @Test
    void rs1EachFailureIsFollowedByATryAfterALongerBackoff() {
        resolver.start(listener);

        double expectedSeconds = 1;
        for (int i = 0; i < 12; i++) {
            resolver.fails("answered 500");
            Duration delay = timer.nextDelay();
            assertThat(delay.toMillis() / 1e3).isBetween(expectedSeconds * 0.79, expectedSeconds * 1.21);
            timer.advance(delay);
            expectedSeconds = Math.min(expectedSeconds * 1.6, 120);
        }
        assertThat(resolver.asked).isEqualTo(13);

        resolver.progresses();
        resolver.fails("answered 500");
        assertThat(timer.nextDelay()).isLessThan(Duration.ofMillis(1201));
    }

    @Test
    void sc6AResetAsksAtOnceAndTheNextDelayIsTheFirst() {
        resolver.start(listener);
        for (int i = 0; i < 10; i++) {
            resolver.fails("answered 500");
            timer.advance(timer.nextDelay());
        }
        resolver.fails("answered 500");

        resolver.resetBackoff();

        assertThat(resolver.asked).isEqualTo(12);
        assertThat(timer.pending()).isZero();
        resolver.fails("answered 500");
        assertThat(timer.nextDelay()).isLessThan(Duration.ofMillis(1201));
        resolver.close();
        resolver.resetBackoff();
        assertThat(resolver.asked).isEqualTo(12);
    }

    @Test
    void rs4HintsBetweenAFailureAndTheNextTryChangeNothing() {
        resolver.start(listener);
        resolver.resolveNow();
        resolver.fails("answered 500");

        resolver.resolveNow();
        resolver.retry();

        assertThat(resolver.refreshed).isEqualTo(1);
        assertThat(resolver.asked).isEqualTo(1);
        assertThat(timer.pending()).isEqualTo(1);
    }

    @Test
    void logsOnceForEachChangeOfState() {
        resolver.start(listener);
        resolver.says(A);
        for (int i = 0; i < 50; i++) {
            resolver.fails("answered 500");
            timer.advance(Duration.ofMinutes(3));
        }
        resolver.says(A);
        resolver.says(A, B);

        assertThat(log.lines())
                .containsExactly(
                        "WARNING registry at here: answered 500; the last good state stays in use",
                        "INFO registry at here: works again");
    }

    @Test
    void whatWasSaidLastIsNotSaidAgainUnlessItFailedInBetween() {
        resolver.start(listener);
        resolver.says(A, B);
        resolver.says(A, B);
        resolver.says(B);
        resolver.fails("answered 500");
        resolver.says(B);

        assertThat(heard).hasSize(4).startsWith(List.of(A, B), List.of(B)).endsWith(List.of(B));
    }

    @Test
    void anEntryThatIsWrongDoesNotCostTheOthers() {
        resolver.start(listener);
        Instances instances = new Instances();
        instances.add(A);
        instances.addUnusable("\"x\": no port");
        instances.addUnusable("\"y\": no port");
        resolver.says(instances);
        resolver.says(instances);

        assertThat(heard).containsExactly(List.of(A));
        assertThat(log.lines())
                .containsExactly("WARNING registry at here: 2 of 3 entries cannot be used, such as \"x\": no port");
    }

    @Test
    void rs2WhereNoEntryCanBeUsedTheEarlierOnesStayAndTheWatchGoesOn() {
        resolver.start(listener);
        resolver.says(A);
        Instances instances = new Instances();
        instances.addUnusable("\"x\": no port");
        resolver.says(instances);

        assertThat(heard)
                .hasSize(2)
                .last()
                .isInstanceOfSatisfying(
                        Status.class,
                        status -> assertThat(status.message())
                                .isEqualTo("registry at here: 1 of 1 entries cannot be used, such as \"x\": no port"));
        assertThat(resolver.abandoned).isZero();
        assertThat(timer.pending()).isZero();
    }

    @Test
    void rs3AnEmptyListIsSaidAsItIs() {
        resolver.start(listener);
        resolver.says();

        assertThat(heard).containsExactly(List.of());
    }

    @Test
    void whatAskingThrowsIsAFailureLikeAnother() {
        resolver.fault = new IllegalStateException("no token");
        resolver.start(listener);

        assertThat(heard)
                .singleElement()
                .isInstanceOfSatisfying(
                        Status.class,
                        status -> assertThat(status.message())
                                .isEqualTo(
                                        "registry at here: cannot be asked: java.lang.IllegalStateException: no token"));
        assertThat(timer.pending()).isEqualTo(1);
    }

    @Test
    void afterCloseNothingIsAskedAndNothingIsSaid() {
        resolver.start(listener);
        resolver.fails("answered 500");
        heard.clear();

        resolver.close();
        resolver.says(A);
        resolver.fails("late");
        resolver.resolveNow();
        timer.advance(Duration.ofHours(1));

        assertThat(heard).isEmpty();
        assertThat(resolver.asked).isEqualTo(1);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void closingWhatWasNeverStartedIsEnoughForIt() {
        resolver.close();
        resolver.start(listener);

        assertThat(resolver.asked).isZero();
    }

    /** Does what a test says. */
    private static final class Scripted extends RegistryResolver {
        int asked;
        int abandoned;
        int refreshed;

        @Nullable
        RuntimeException fault;

        Scripted(ResolverContext context) {
            super("registry at here", context);
        }

        void says(Endpoint... endpoints) {
            Instances instances = new Instances();
            for (Endpoint endpoint : endpoints) {
                instances.add(endpoint);
            }
            says(instances);
        }

        void says(Instances instances) {
            execute(() -> found(instances));
        }

        void fails(String reason) {
            execute(() -> failed(reason, null));
        }

        void progresses() {
            execute(this::progressed);
        }

        @Override
        protected void ask() {
            asked++;
            if (fault != null) {
                throw fault;
            }
        }

        @Override
        protected void abandon() {
            abandoned++;
        }

        @Override
        protected void refresh() {
            refreshed++;
        }
    }
}
