package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** TG-4: the resolver that says what it is told. */
class ManualResolverTest {
    private static final Status DOWN = Status.of(StatusCode.UNAVAILABLE, "the registry is down");

    private final ManualResolver manual = new ManualResolver("manual");
    private final List<Object> reported = new ArrayList<>();

    @Test
    void tg4APushReachesAllWhoListen() {
        started(reported::add);
        List<Object> other = new ArrayList<>();
        started(other::add);

        manual.addresses(address(1), address(2));
        manual.error(DOWN);

        assertThat(reported).containsExactly(resolution(1, 2), DOWN);
        assertThat(other).containsExactly(resolution(1, 2), DOWN);
        assertThat(manual.listeners()).isEqualTo(2);
    }

    @Test
    void tg4TheLastPushIsKeptForWhoComesLater() {
        NameResolver first = started(reported::add);
        manual.addresses(address(1));
        first.close();
        manual.addresses(address(2));

        started(reported::add);

        assertThat(reported).containsExactly(resolution(1), resolution(2));
        assertThat(manual.listeners()).isEqualTo(1);
    }

    @Test
    void beforeTheFirstPushNothingIsSaid() {
        started(reported::add);

        assertThat(reported).isEmpty();
    }

    @Test
    void rs1AndRs4HintsAndRetriesAreCounted() {
        NameResolver resolver = started(reported::add);

        resolver.resolveNow();
        resolver.resolveNow();
        resolver.retry();

        assertThat(manual.resolveNowCount()).isEqualTo(2);
        assertThat(manual.retryCount()).isEqualTo(1);
    }

    @Test
    void aStatusThatIsNoErrorIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> manual.error(Status.OK))
                .withMessage("status: OK (expected: an error)");
    }

    @Test
    void aPushFromWithinAReportComesAfterIt() {
        AtomicReference<Boolean> reporting = new AtomicReference<>(false);
        started(report -> {
            assertThat(reporting.get()).isFalse();
            reporting.set(true);
            reported.add(report);
            if (reported.size() == 1) {
                manual.addresses(address(2));
            }
            reporting.set(false);
        });

        manual.addresses(address(1));

        assertThat(reported).containsExactly(resolution(1), resolution(2));
    }

    @Test
    void pushesOfManyThreadsAreReportedOneAtATimeAndTheLastIsNotLost() throws Exception {
        int threads = 4;
        int pushes = 2_000;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger mostInside = new AtomicInteger();
        AtomicReference<Object> last = new AtomicReference<>();
        started(report -> {
            mostInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
            last.set(report);
            inside.decrementAndGet();
        });
        CountDownLatch done = new CountDownLatch(threads);
        for (int thread = 0; thread < threads; thread++) {
            new Thread(() -> {
                        for (int i = 0; i < pushes; i++) {
                            manual.addresses(address(1 + i));
                        }
                        done.countDown();
                    })
                    .start();
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();

        manual.addresses(address(9_999));

        assertThat(last.get()).isEqualTo(resolution(9_999));
        assertThat(mostInside.get()).isEqualTo(1);
    }

    private NameResolver started(Consumer<Object> told) {
        NameResolver resolver = manual.newResolver(
                new Target("manual", "", "any"), ResolverContext.of(443, new EmbeddedChannel().eventLoop(), true));
        resolver.start(new NameResolver.Listener() {
            @Override
            public void onEndpoints(List<Endpoint> endpoints) {
                throw new AssertionError("endpoints alone: " + endpoints);
            }

            @Override
            public void onResolution(Resolution resolution) {
                told.accept(resolution);
            }

            @Override
            public void onError(Status status) {
                told.accept(status);
            }
        });
        return resolver;
    }

    private static InetSocketAddress address(int port) {
        return InetSocketAddress.createUnresolved("server.test", port);
    }

    private static Resolution resolution(int... ports) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int port : ports) {
            endpoints.add(Endpoint.of(address(port)));
        }
        return Resolution.of(endpoints);
    }
}
