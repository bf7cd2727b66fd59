package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.Status;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** DN-1 to DN-5, as far as no name server is needed. */
class DnsResolverTest {
    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, Executors.defaultThreadFactory());
    private final ResolverContext context =
            new ResolverContext(443, timer, new EmbeddedChannel().eventLoop(), System::nanoTime, true);
    private final BlockingQueue<Object> reported = new LinkedBlockingQueue<>();
    private final NameResolver.Listener listener = new NameResolver.Listener() {
        @Override
        public void onEndpoints(List<Endpoint> endpoints) {
            reported.add(endpoints);
        }

        @Override
        public void onError(Status status) {
            reported.add(status);
        }
    };

    @AfterEach
    void stopTheTimer() {
        timer.shutdownNow();
    }

    @Test
    void dn2ALiteralIsReportedOnceAndNeverLookedUp() {
        NameResolver resolver = resolver("[::1]:50051");

        resolver.start(listener);
        resolver.resolveNow();

        assertThat(reported).hasSize(1);
        assertThat(timer.getQueue()).isEmpty();
        assertThat(reported.poll())
                .isEqualTo(List.of(Endpoint.of(new InetSocketAddress(HostLookup.literal("::1"), 50051))));
    }

    @Test
    void dn4ANameIsLookedUpOffTheCallersThread() throws Exception {
        NameResolver resolver = resolver("localhost:1");

        resolver.start(listener);

        assertThat(reported.poll(20, TimeUnit.SECONDS)).asString().contains("127.0.0.1");
        resolver.close();
    }

    @Test
    void dn5AfterASuccessTheNextLookUpWaitsThirtySecondsAndIsCoalesced() throws Exception {
        NameResolver resolver = resolver("localhost:1");
        resolver.start(listener);
        assertThat(reported.poll(20, TimeUnit.SECONDS)).isNotNull();

        resolver.resolveNow();
        resolver.resolveNow();

        assertThat(timer.getQueue()).hasSize(1);
        long delaySeconds = ((Delayed) timer.getQueue().peek()).getDelay(TimeUnit.SECONDS);
        assertThat(delaySeconds).isBetween(25L, 30L);
        resolver.close();
        assertThat(timer.getQueue().stream().filter(task -> !((Future<?>) task).isCancelled()))
                .isEmpty();
    }

    @Test
    void dn5AfterAFailureTheNextLookUpComesByItself() throws Exception {
        NameResolver resolver = resolver("nowhere.invalid:1");

        resolver.start(listener);

        assertThat(reported.poll(60, TimeUnit.SECONDS))
                .asString()
                .startsWith("UNAVAILABLE: name resolution of \"nowhere.invalid\" failed");
        assertThat(timer.getQueue()).hasSize(1);
        resolver.close();
    }

    @Test
    void reportsNothingOnceClosed() {
        NameResolver resolver = resolver("127.0.0.1:1");

        resolver.close();
        resolver.start(listener);

        assertThat(reported).isEmpty();
    }

    @Test
    void dn3RefusesANameServerAndAnEmptyPort() {
        assertThatIllegalArgumentException().isThrownBy(() -> resolver("greeter:"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DnsResolverProvider().newResolver(new Target("dns", "8.8.8.8", "a"), context));
    }

    private NameResolver resolver(String endpoint) {
        return new DnsResolverProvider().newResolver(new Target("dns", "", endpoint), context);
    }
}
