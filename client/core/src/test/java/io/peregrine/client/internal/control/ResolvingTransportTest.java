package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.internal.FakeTransport;
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.TransportListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A connection whose address is looked up first, in virtual time, with answers that the test gives. */
class ResolvingTransportTest {
    private static final InetSocketAddress NAMED = InetSocketAddress.createUnresolved("greeter.test", 443);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final VirtualTimer timer = new VirtualTimer();
    private final List<Throwable> uncaught = new ArrayList<>();
    private final SyncContext context = new SyncContext(timer, uncaught::add);
    private final CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
    private final List<InetSocketAddress> connected = new ArrayList<>();
    private final Ends ends = new Ends();

    @Test
    void connectsToTheFirstAddress() {
        begin();

        answer.complete(List.of(InetAddress.getLoopbackAddress()));

        assertThat(connected).containsExactly(new InetSocketAddress(InetAddress.getLoopbackAddress(), 443));
        assertThat(timer.pending()).isZero();
        assertThat(ends.terminated).isEmpty();
    }

    @Test
    void aNameThatIsUnknownEndsItOnce() {
        begin();

        answer.completeExceptionally(new UnknownHostException("no such name"));

        assertThat(ends.terminated).containsExactly("name resolution of \"greeter.test\" failed: no such name");
        assertThat(ends.released).isEqualTo(1);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void sc10AnAnswerThatWaitsWhileItIsShutDownOpensNothing() {
        context.execute(() -> {
            ClientTransport transport = begin();
            answer.complete(List.of(InetAddress.getLoopbackAddress()));
            transport.shutdown("not wanted any more");
        });

        assertThat(connected).as("nobody would close it").isEmpty();
        assertThat(ends.terminated).containsExactly("not wanted any more");
        assertThat(ends.released).isEqualTo(1);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void aSecondShutdownIsNoSecondEnd() {
        context.execute(() -> {
            ClientTransport transport = begin();
            transport.shutdown("first");
            transport.shutdownNow("second");
        });

        assertThat(ends.terminated).containsExactly("first");
        assertThat(ends.released).isEqualTo(1);
    }

    @Test
    void d4ALookUpThatNeverEndsIsAnAttemptThatFailed() {
        begin();

        timer.advance(LIMIT.minusNanos(1));
        assertThat(ends.terminated).isEmpty();
        timer.advance(Duration.ofNanos(1));
        answer.complete(List.of(InetAddress.getLoopbackAddress()));

        assertThat(ends.terminated)
                .containsExactly("name resolution of \"greeter.test\" failed: no answer within 20000 ms");
        assertThat(ends.released).isEqualTo(1);
        assertThat(connected).isEmpty();
        assertThat(uncaught).isEmpty();
    }

    private ClientTransport begin() {
        return new ResolvingTransport(
                NAMED,
                answer,
                LIMIT.toNanos(),
                context,
                (resolved, listener) -> {
                    connected.add(resolved);
                    return new FakeTransport(resolved);
                },
                ends);
    }

    /** What it tells. */
    private static final class Ends implements TransportListener {
        private final List<String> terminated = new ArrayList<>();
        private int released;

        @Override
        public void onReady() {}

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {
            terminated.add(reason);
        }

        @Override
        public void onReleased() {
            released++;
        }
    }
}
