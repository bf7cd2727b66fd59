package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.NO_FLAGS;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.headers;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.ResourceLeakDetector;
import io.peregrine.transport.http2.FloodLimits.Budget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames that are legal and of no use, and how many of them a connection takes (RFC 9113 §10.5, HOSTILE.md 2.3). */
class FloodTest {
    private static final int LIMIT = 50;
    private static final String PING = "0000000000000001";

    private static ResourceLeakDetector.Level detection = ResourceLeakDetector.getLevel();

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    /** Millions of frames, each with its records, are too much for Netty's detector; the peer counts the buffers. */
    @BeforeAll
    static void countBuffersOnly() {
        detection = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    }

    @AfterAll
    static void detectLeaksAgain() {
        ResourceLeakDetector.setLevel(detection);
    }

    /**
     * A frame that can be repeated, and how many are legal on a connection on which stream 1 has ended and stream 3
     * is open: the budget, and what the handshake, the two requests and the response explain beyond it.
     */
    private static final class Flood {
        private final String name;
        private final Budget budget;
        private final byte[] frame;
        private final int legalFrames;

        Flood(String name, Budget budget, byte[] frame, int legalFrames) {
            this.name = name;
            this.budget = budget;
            this.frame = frame;
            this.legalFrames = legalFrames;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Flood> floods() {
        return Stream.of(
                new Flood("SETTINGS", Budget.SETTINGS, settings(), LIMIT),
                new Flood("SETTINGS of windows", Budget.SETTINGS, settings(INITIAL_WINDOW_SIZE, 1 << 16), LIMIT),
                new Flood("SETTINGS of tables", Budget.SETTINGS, settings(Frames.HEADER_TABLE_SIZE, 0), LIMIT),
                new Flood("SETTINGS ACK", Budget.SETTINGS, Frames.settingsAck(), LIMIT),
                new Flood("PING", Budget.PING, ping(PING), LIMIT + 2),
                new Flood("PING ACK", Budget.PING, frame(Frames.PING, Frames.ACK, 0, PING), LIMIT + 2),
                new Flood("RST_STREAM", Budget.RST_STREAM, rstStream(1, Http2Error.CANCEL), LIMIT + 2),
                new Flood("WINDOW_UPDATE", Budget.WINDOW_UPDATE, windowUpdate(0, 1), LIMIT + 12),
                new Flood("WINDOW_UPDATE of a stream", Budget.WINDOW_UPDATE, windowUpdate(3, 1), LIMIT + 12),
                new Flood("empty DATA", Budget.TINY_DATA, data(3, new byte[0]), LIMIT + 4),
                new Flood("padding", Budget.TINY_DATA, paddedData(3, new byte[0], 255), LIMIT + 4),
                new Flood("DATA of an octet", Budget.TINY_DATA, data(3, new byte[1]), LIMIT + 4),
                new Flood("PRIORITY", Budget.PRIORITY, frame(Frames.PRIORITY, NO_FLAGS, 3, "0000000010"), LIMIT + 2),
                new Flood("unknown frames", Budget.UNKNOWN, frame(0xBE, NO_FLAGS, 3, "00"), LIMIT + 2),
                new Flood("GOAWAY", Budget.GOAWAY, goAway(Integer.MAX_VALUE), LIMIT),
                new Flood("late HEADERS", Budget.ENDED_STREAM, grpcHeaders(1), LIMIT + 8),
                new Flood("late DATA", Budget.ENDED_STREAM, data(1, message("late")), LIMIT + 8),
                new Flood("late malformed HEADERS", Budget.ENDED_STREAM, headers(1, "UPPER", "case"), LIMIT + 8));
    }

    @ParameterizedTest
    @MethodSource("floods")
    void takesAsManyAsTheBudgetAllowsAndThenEndsTheConnection(Flood flood) {
        RecordedStream open = withOneEndedAndOneOpen(flood.budget);
        if (flood.budget == Budget.TINY_DATA) {
            peer.send(grpcHeaders(3));
        }
        for (int sent = 1; sent <= flood.legalFrames; sent++) {
            peer.send(flood.frame);
            assertThat(peer.isClosed()).as("after %d frames", sent).isFalse();
        }
        assertThat(open.hasEnded()).isFalse();
        peer.receive();

        peer.send(flood.frame);

        String what =
                "more than 50 " + flood.budget.what() + " in 10 s (limit: FloodLimits.Budget." + flood.budget + ')';
        assertThat(peer.isClosed()).isTrue();
        assertThat(peer.receive())
                .containsExactly("GOAWAY 0 ENHANCE_YOUR_CALM connection error with greeter.test:443: " + what);
        assertThat(open.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(open.failure().message()).isEqualTo("connection error with greeter.test:443: " + what);
    }

    @Test
    void takesAsManyInformationalResponsesAsTheBudgetAllows() {
        RecordedStream open = withOneEndedAndOneOpen(Budget.INFORMATIONAL);
        byte[] hint = headers(3, ":status", "103", "link", "</style.css>");
        send(LIMIT + 8, hint);
        assertThat(open.hasEnded()).isFalse();

        peer.send(hint);

        assertThat(open.failure().kind()).isEqualTo(CONNECTION_LOST);
        assertThat(open.failure().message()).contains("more than 50 1xx responses in 10 s");
    }

    @Test
    void answersNothingThatFollowsTheFrameThatWasTooMany() {
        withOneEndedAndOneOpen(Budget.PING);
        peer.receive();

        peer.send(repeat(10_000, ping(PING)));

        assertThat(peer.receive()).hasSize(LIMIT + 3).last().asString().startsWith("GOAWAY 0 ENHANCE_YOUR_CALM");
    }

    @Test
    void grantsTheBudgetAnewAfterTheIntervalAndNotBefore() {
        peer.with(options(FloodLimits.builder().budget(Budget.PING, LIMIT))).ready();
        for (int interval = 0; interval < 20; interval++) {
            send(LIMIT, ping(PING));
            peer.advance(Duration.ofSeconds(10));
        }
        assertThat(peer.isClosed()).isFalse();

        send(LIMIT, ping(PING));
        peer.advance(Duration.ofMillis(9_999));
        peer.send(ping(PING));

        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void saysNothingInTheLogButTheEnd() {
        List<LogRecord> records = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord logged) {
                records.add(logged);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("io.peregrine");
        logger.addHandler(handler);
        try {
            peer.ready();
            peer.send(repeat(5_000, frame(0xBE, NO_FLAGS, 0, "")));
        } finally {
            logger.removeHandler(handler);
        }

        assertThat(peer.isClosed()).isTrue();
        assertThat(records).hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void boundsTheWorkOfSettingsOverManyOpenStreams() {
        peer.ready();
        List<RecordedStream> open = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            open.add(peer.start());
        }
        peer.receive();

        for (int i = 0; i < 10_000 && !peer.isClosed(); i++) {
            peer.sendSettings(INITIAL_WINDOW_SIZE, i % 2 == 0 ? 0 : 1 << 20);
        }

        assertThat(peer.receive()).filteredOn("SETTINGS ACK"::equals).hasSize(100);
        assertThat(open).allMatch(stream -> stream.failure().kind() == CONNECTION_LOST);
    }

    // ---- What is no flood ------------------------------------------------------------------------------------

    /** The clock stands still: nothing but the calls themselves explains what the server sends. */
    @Test
    void letsAHundredThousandCallsPassWithWhatServersAddToThem() {
        FloodLimits.Builder limits = FloodLimits.builder();
        for (Budget budget : Budget.values()) {
            limits.budget(budget, LIMIT);
        }
        peer.with(options(limits)).ready();
        int batch = 500;
        for (int firstId = 1; firstId < 200_000; firstId += 2 * batch) {
            byte[][] responses = new byte[batch][];
            for (int i = 0; i < batch; i++) {
                peer.start();
                responses[i] = chattyResponse(firstId + 2 * i);
            }
            peer.send(responses);
            peer.receive();
        }

        assertThat(peer.isClosed()).isFalse();
    }

    /** Credit, a probe of the bandwidth, early hints, a prefix in pieces, an empty frame, and a reset at the end. */
    private static byte[] chattyResponse(int id) {
        return Frames.join(
                windowUpdate(0, 8),
                windowUpdate(id, 8),
                ping(PING),
                headers(id, ":status", "103"),
                frame(Frames.PRIORITY, NO_FLAGS, id, "0000000010"),
                frame(0xBE, NO_FLAGS, id, "00"),
                grpcHeaders(id),
                data(id, new byte[] {0, 0, 0}),
                data(id, new byte[] {0, 6}),
                data(id, new byte[6]),
                data(id, new byte[0]),
                Frames.okTrailers(id),
                rstStream(id, Http2Error.NO_ERROR));
    }

    @Test
    void letsAServerResetTenThousandCallsAtOnce() {
        peer.ready();
        List<RecordedStream> open = startMany(10_000);
        byte[][] resets = new byte[10_000][];
        Arrays.setAll(resets, i -> rstStream(2 * i + 1, Http2Error.REFUSED_STREAM));

        peer.send(resets);

        assertThat(peer.isClosed()).isFalse();
        assertThat(open).allMatch(stream -> stream.failure().kind() == StreamFailure.Kind.REFUSED);
    }

    @Test
    void letsTheAnswersToTenThousandCancelledCallsArrive() {
        peer.with(options(FloodLimits.builder().budget(Budget.ENDED_STREAM, LIMIT)))
                .ready();
        List<RecordedStream> open = startMany(10_000);
        open.forEach(peer::cancel);
        byte[][] late = new byte[10_000][];
        Arrays.setAll(late, i -> response(2 * i + 1, "too late"));

        peer.send(late);

        assertThat(peer.isClosed()).isFalse();
    }

    @Test
    void letsTheRestOfACancelledStreamArriveAsFarAsItsWindowGoes() {
        peer.with(options(FloodLimits.builder().budget(Budget.ENDED_STREAM, LIMIT)))
                .ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1));
        peer.cancel(stream);

        peer.send(repeat((1 << 20) / 6, data(1, message("x"))));
        assertThat(peer.isClosed()).isFalse();
        peer.send(repeat(LIMIT + 6, data(1, message("x"))));

        assertThat(peer.isClosed()).isTrue();
        assertThat(peer.listened()).last().asString().contains("frames for streams that had ended");
    }

    @Test
    void letsAServerStreamTheSmallestMessages() {
        peer.with(options(FloodLimits.builder().budget(Budget.TINY_DATA, 1))).ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1));

        for (int i = 0; i < 100; i++) {
            peer.send(repeat(500, data(1, message("x"))));
            peer.send(repeat(500, data(1, message(""))));
        }

        assertThat(stream.messages()).hasSize(100_000);
        assertThat(peer.isClosed()).isFalse();
    }

    @Test
    void letsAServerCreditAndProbeForEachFrameOfAnUpload() {
        peer.with(options(FloodLimits.builder().budget(Budget.WINDOW_UPDATE, 1).budget(Budget.PING, 1)))
                .ready();
        peer.startSending(4 << 20);
        int received = 0;
        while (received < (4 << 20) + 5) {
            for (String line : peer.receive()) {
                if (line.startsWith("DATA")) {
                    int bytes = Integer.parseInt(line.replaceAll("DATA 1 (\\d+).*", "$1"));
                    received += bytes;
                    peer.send(windowUpdate(1, bytes / 2), windowUpdate(1, bytes - bytes / 2));
                    peer.send(windowUpdate(0, bytes / 2), windowUpdate(0, bytes - bytes / 2), ping(PING));
                }
            }
        }

        assertThat(peer.isClosed()).isFalse();
    }

    // ---- Configuration ---------------------------------------------------------------------------------------

    @Test
    void keepsWhatIsSetWhenItIsCopied() {
        FloodLimits limits = FloodLimits.builder()
                .budget(Budget.PING, 7)
                .interval(Duration.ofSeconds(3))
                .continuations(4)
                .headerBlockTime(Duration.ofSeconds(5))
                .unwrittenReplies(6)
                .unwrittenTime(Duration.ofSeconds(8))
                .build();

        FloodLimits copy = limits.toBuilder().build();

        assertThat(copy).usingRecursiveComparison().isEqualTo(limits);
        assertThat(copy.frames(Budget.PING)).isEqualTo(7);
        assertThat(copy.frames(Budget.GOAWAY)).isEqualTo(20);
    }

    @Test
    void refusesLimitsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FloodLimits.builder().budget(Budget.PING, 0).build())
                .withMessage("budget PING: 0 (expected: 1..2147483647)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FloodLimits.builder().interval(Duration.ZERO).build())
                .withMessage("interval: PT0S (expected: PT0.001S..PT1H)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FloodLimits.builder().unwrittenReplies(10_001).build())
                .withMessage("unwritten replies: 10001 (expected: 1..10000)");
    }

    private RecordedStream withOneEndedAndOneOpen(Budget budget) {
        peer.with(options(FloodLimits.builder().budget(budget, LIMIT))).ready();
        peer.start();
        peer.send(response(1, "done"));
        RecordedStream open = peer.start();
        peer.receive();
        return open;
    }

    private List<RecordedStream> startMany(int count) {
        List<RecordedStream> streams = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            streams.add(peer.start());
        }
        peer.receive();
        return streams;
    }

    private void send(int count, byte[] frame) {
        for (int i = 0; i < count; i++) {
            peer.send(frame);
        }
    }

    private static byte[] repeat(int count, byte[] frame) {
        byte[][] frames = new byte[count][];
        Arrays.fill(frames, frame);
        return Frames.join(frames);
    }

    private static TransportOptions options(FloodLimits.Builder limits) {
        return TransportOptions.builder().floodLimits(limits.build()).build();
    }
}
