package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.MAX_CONCURRENT_STREAMS;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Callbacks that throw, memory that runs out, writes that fail (HOSTILE.md P12, P13). */
class FaultTest {
    private static final Logger LOG = Logger.getLogger(Http2ClientConnection.class.getName());

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    private final List<LogRecord> logged = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            logged.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void catchTheLog() {
        LOG.setUseParentHandlers(false);
        LOG.setLevel(Level.ALL);
        LOG.addHandler(handler);
    }

    @AfterEach
    void restoreTheLog() {
        LOG.removeHandler(handler);
        LOG.setLevel(null);
        LOG.setUseParentHandlers(true);
    }

    static Stream<Arguments> throwingCallbacks() {
        Runnable failing = () -> {
            throw new IllegalStateException("thrown by the test");
        };
        return Stream.of(
                Arguments.of("headers", consumer(stream -> stream.onHeadersRun(failing))),
                Arguments.of("message", consumer(stream -> stream.onMessageRun(failing))),
                Arguments.of("trailers", consumer(stream -> stream.onEndRun(failing))));
    }

    private static Consumer<RecordedStream> consumer(Consumer<RecordedStream> consumer) {
        return consumer;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("throwingCallbacks")
    void aCallbackThatThrowsEndsThisConnectionOnly(String callback, Consumer<RecordedStream> arrange) {
        peer.ready(MAX_CONCURRENT_STREAMS, 2);
        RecordedStream guilty = peer.start();
        RecordedStream open = peer.start();
        RecordedStream waiting = peer.start();
        arrange.accept(guilty);

        peer.send(response(1, "x"));

        assertThat(peer.isClosed()).isTrue();
        assertThat(List.of(guilty, open, waiting)).allMatch(stream -> stream.ends() == 1);
        assertThat(peer.listened()).last().asString().contains("thrown by the test");
        assertThat(logged).extracting(LogRecord::getLevel).containsExactly(Level.WARNING);
    }

    @Test
    void everyStreamEndsAlthoughEachOfTheirLastCallbacksThrows() {
        peer.ready(MAX_CONCURRENT_STREAMS, 3);
        List<RecordedStream> streams = List.of(
                peer.start(), peer.start(), peer.start(), peer.start(), peer.startWithin(Duration.ofSeconds(1)));
        streams.forEach(stream -> stream.onEndRun(() -> {
            throw new IllegalStateException("thrown by the test");
        }));

        peer.shutdownNow();

        assertThat(streams).allMatch(stream -> stream.ends() == 1);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void aDeadlineWhoseCallbackThrowsDoesNotStopTheOthers() {
        peer.ready();
        RecordedStream first = peer.startWithin(Duration.ofMillis(10));
        RecordedStream second = peer.startWithin(Duration.ofMillis(10));
        first.onEndRun(() -> {
            throw new IllegalStateException("thrown by the test");
        });

        peer.advance(Duration.ofMillis(12));

        assertThat(List.of(first, second)).allMatch(stream -> stream.ends() == 1);
    }

    @Test
    void aCancelWhoseCallbackThrowsEndsTheConnection() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        first.onEndRun(() -> {
            throw new AssertionError("thrown by the test");
        });

        peer.cancel(first);

        assertThat(List.of(first, second)).allMatch(stream -> stream.ends() == 1);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void aCancelBehindACallbackThatThrowsIsNotLost() {
        peer.ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        first.onEndRun(() -> {
            throw new IllegalStateException("thrown by the test");
        });

        peer.connection().cancel(first);
        peer.connection().cancel(second);
        peer.runTasks();

        assertThat(second.ends()).isEqualTo(1);
    }

    @Test
    void survivesEachAllocationFailingOnce() {
        int failAfter = 0;
        boolean failed = true;
        while (failed) {
            ScriptedPeer scripted = new ScriptedPeer();
            failed = runCallFailingAfter(scripted, failAfter);
            scripted.verify();
            failAfter++;
        }

        assertThat(failAfter).isGreaterThan(5);
    }

    /** One call with everything that allocates; true if the allocation was reached. */
    private static boolean runCallFailingAfter(ScriptedPeer scripted, int allocations) {
        scripted.ready(INITIAL_WINDOW_SIZE, 1 << 20);
        RecordedStream stream = scripted.newStream(20_000, TransportStream.NO_DEADLINE, null);
        scripted.allocator().failOnceAfter(allocations);
        byte[] message = Frames.message(new byte[3_000]);
        scripted.tryStart(stream);
        scripted.runTasks();
        List<byte[]> script = List.of(
                grpcHeaders(1),
                data(1, java.util.Arrays.copyOf(message, 500)),
                data(1, java.util.Arrays.copyOfRange(message, 500, message.length)),
                Frames.ping("0000000000000001"),
                java.util.Arrays.copyOf(okTrailers(1), 12),
                java.util.Arrays.copyOfRange(okTrailers(1), 12, okTrailers(1).length));
        for (byte[] octets : script) {
            if (scripted.isClosed()) {
                break;
            }
            try {
                scripted.send(octets);
            } catch (OutOfMemoryError inTheScriptItself) {
                scripted.shutdownNow();
            }
        }
        assertThat(stream.hasEnded()).isTrue();
        scripted.allocator().failOnceAfter(Integer.MAX_VALUE);
        return scripted.allocator().hasFailed();
    }

    @Test
    void aFailedWriteEndsTheConnectionWithItsCause() {
        peer.ready(INITIAL_WINDOW_SIZE, 1 << 20);
        RecordedStream open = peer.start();
        peer.failWrites(new IOException("Broken pipe"));

        RecordedStream large = peer.startSending(60_000);
        RecordedStream small = peer.newStream();
        ClientTransport.StartResult result = peer.tryStart(small);
        peer.runTasks();

        assertThat(peer.isClosed()).isTrue();
        assertThat(open.failure().message()).contains("Broken pipe");
        assertThat(large.failure().message()).contains("Broken pipe");
        assertThat(result == ClientTransport.StartResult.CLOSED || small.hasEnded())
                .isTrue();
    }

    @Test
    void aFailedWriteReleasesTheRequestInTheCallbackAndTouchesItNoMore() {
        peer.ready(INITIAL_WINDOW_SIZE, 1 << 20);
        peer.failWrites(new IOException("Broken pipe"));
        RecordedStream large = peer.newStream(60_000, TransportStream.NO_DEADLINE, null);
        large.onEndRun(large::releaseRequest);

        peer.start(large);

        assertThat(large.failure().message()).contains("Broken pipe");
        assertThat(logged).as("faults of this side").isEmpty();
    }
}
