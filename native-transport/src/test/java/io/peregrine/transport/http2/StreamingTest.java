package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.MAX_CONCURRENT_STREAMS;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Streams of messages: sent as far as windows and limits go, received as far as they are asked for (SPEC H2-7..10). */
class StreamingTest {
    private static final int WINDOW = 65_535;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    // ---- Sending ---------------------------------------------------------------------------------------------

    @Test
    void sendsEachMessageAndTheEnd() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        assertThat(peer.receive()).containsExactly("HEADERS 1");

        peer.offer(stream, 10);
        peer.offer(stream, 20);
        assertThat(peer.receive()).containsExactly("DATA 1 15", "DATA 1 25");
        peer.endRequest(stream);

        assertThat(peer.receive()).containsExactly("DATA 1 0 END_STREAM");
    }

    @Test
    void ca2TheOnlyMessageAndTheEndOfTheRequestAreOneFrame() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.receive();

        stream.messagePipe().offerHeld(peer.allocator().directBuffer().writeBytes(message("hello")), true);
        peer.connection().signal(stream);
        peer.runTasks();

        assertThat(peer.receive()).containsExactly("DATA 1 10 END_STREAM");
    }

    @Test
    void sendsWhatWasOfferedBeforeTheStart() {
        peer.ready();
        RecordedStream stream = peer.newStreaming(1000, TransportStream.NO_DEADLINE);
        stream.messagePipe().offer(peer.allocator().directBuffer().writeBytes(message("hello")));
        stream.messagePipe().end();

        peer.start(stream);

        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 10 END_STREAM");
    }

    @Test
    void sendsWhatWasOfferedWhileItWaitedForASlot() {
        peer.ready(MAX_CONCURRENT_STREAMS, 0);
        RecordedStream stream = peer.startStreaming();
        peer.offer(stream, 3);
        assertThat(peer.receive()).isEmpty();

        peer.sendSettings(MAX_CONCURRENT_STREAMS, 1);
        peer.endRequest(stream);

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "HEADERS 1", "DATA 1 8", "DATA 1 0 END_STREAM");
    }

    @Test
    void endsTheRequestAtAWindowOfZero() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream stream = peer.startStreaming();
        peer.receive();

        peer.endRequest(stream);

        assertThat(peer.receive()).containsExactly("DATA 1 0 END_STREAM");
    }

    @Test
    void refusesMessagesBeyondItsLimitUntilSomeAreSent() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        RecordedStream stream = peer.start(peer.newStreaming(1000, TransportStream.NO_DEADLINE));
        peer.receive();

        assertThat(peer.offer(stream, 595)).isTrue();
        assertThat(peer.offer(stream, 595)).isTrue();
        assertThat(stream.messagePipe().isWritable()).isFalse();
        assertThat(peer.offer(stream, 1)).isFalse();
        peer.send(windowUpdate(1, 200));
        assertThat(stream.events()).doesNotContain("writable");
        peer.send(windowUpdate(1, 1));

        assertThat(stream.events()).containsExactly("writable");
        assertThat(stream.messagePipe().isWritable()).isTrue();
        assertThat(stream.messagePipe().queuedBytes()).isEqualTo(999);
    }

    @Test
    void mayBeFilledAgainFromWithinTheNews() {
        peer.ready(INITIAL_WINDOW_SIZE, 1000);
        RecordedStream stream = peer.newStreaming(100, TransportStream.NO_DEADLINE);
        stream.onWritableRun(() -> peer.offer(stream, 195));
        peer.start(stream);

        peer.offer(stream, 195);

        assertThat(peer.requestBody(1)).hasSize(1000);
        assertThat(stream.messagePipe().isWritable()).isFalse();
    }

    @Test
    void letsStreamsTakeTurns() {
        peer.ready(INITIAL_WINDOW_SIZE, 1 << 20);
        RecordedStream first = peer.start(peer.newStreaming(1 << 20, TransportStream.NO_DEADLINE));
        RecordedStream second = peer.start(peer.newStreaming(1 << 20, TransportStream.NO_DEADLINE));
        peer.offer(first, WINDOW - 5);
        peer.offer(first, 40_000);
        peer.offer(second, 30_000);
        peer.receive();

        peer.send(windowUpdate(0, 1 << 20));

        assertThat(peer.receive())
                .containsExactly("DATA 1 16384", "DATA 3 16384", "DATA 1 16384", "DATA 3 13621", "DATA 1 7237");
    }

    /** CA-4. */
    @Test
    void dropsWhatIsUnsentWhenTheResponseEndsEarly() {
        peer.ready(INITIAL_WINDOW_SIZE, 4);
        RecordedStream stream = peer.startStreaming();
        peer.offer(stream, 100);
        peer.offer(stream, 100);
        peer.receive();

        peer.send(Frames.trailers(1, ":status", "200", "content-type", "application/grpc", "grpc-status", "3"));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 NO_ERROR");
        assertThat(stream.ends()).isEqualTo(1);
        assertThat(peer.offer(stream, 100)).as("taken, and dropped").isTrue();
    }

    @Test
    void dropsWhatIsUnsentWhenItIsCancelled() {
        peer.ready(INITIAL_WINDOW_SIZE, 4);
        RecordedStream stream = peer.startStreaming();
        peer.offer(stream, 100);

        peer.cancel(stream);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CANCELLED);
        assertThat(peer.offer(stream, 100)).isTrue();
    }

    @Test
    void aRefusedStartLeavesThePipeToItsCaller() {
        peer.ready();
        peer.shutdown();
        RecordedStream stream = peer.newStreaming(1000, TransportStream.NO_DEADLINE);
        stream.messagePipe().offer(peer.allocator().directBuffer().writeBytes(message("hello")));

        assertThat(peer.connection().start(stream)).isEqualTo(ClientTransport.StartResult.CLOSED);

        stream.messagePipe().close();
    }

    // ---- Receiving -------------------------------------------------------------------------------------------

    @Test
    void deliversAsManyMessagesAsWereAskedFor() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.request(stream, 2);

        peer.send(grpcHeaders(1), data(1, join(message("a"), message("b"), message("c"), message("d"))));
        assertThat(stream.messages()).hasSize(2);
        peer.request(stream, 1);
        assertThat(stream.messages()).hasSize(3);
        peer.request(stream, Integer.MAX_VALUE);
        peer.send(data(1, message("e")), okTrailers(1));

        assertThat(stream.events())
                .endsWith("message a", "message b", "message c", "message d", "message e", "trailers grpc-status=0");
    }

    @Test
    void deliversMoreWhenACallbackAsksForMore() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        stream.onMessageRun(() -> {
            stream.messagePipe().request(1);
            peer.connection().signal(stream);
        });
        peer.send(grpcHeaders(1), data(1, join(message("a"), message("b"), message("c"))), okTrailers(1));

        peer.request(stream, 1);

        assertThat(stream.messages()).hasSize(3);
        assertThat(stream.ends()).isEqualTo(1);
    }

    @Test
    void deliversToOneStreamWhatACallbackOfAnotherAskedFor() {
        peer.ready();
        RecordedStream first = peer.startStreaming();
        RecordedStream second = peer.startStreaming();
        first.onMessageRun(() -> {
            second.messagePipe().request(1);
            peer.connection().signal(second);
        });
        peer.send(grpcHeaders(1), data(1, message("a")), grpcHeaders(3), data(3, message("b")));

        peer.request(first, 1);

        assertThat(second.messages()).hasSize(1);
    }

    @Test
    void creditsAStreamForWhatWasReadOnly() {
        peer.with(TransportOptions.builder().windows(WINDOW, 4 * WINDOW).build())
                .ready();
        RecordedStream stream = peer.startStreaming();
        peer.receive();
        byte[] message = message("x".repeat(16_379));

        peer.send(grpcHeaders(1), data(1, message), data(1, message), data(1, message));
        assertThat(peer.receive()).isEmpty();
        peer.request(stream, 1);
        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 1 16384");
        peer.request(stream, 2);

        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 1 32768");
    }

    @Test
    void creditsPaddingAtOnce() {
        peer.with(TransportOptions.builder().windows(WINDOW, 4 * WINDOW).build())
                .ready();
        peer.startStreaming();
        peer.receive();
        peer.send(grpcHeaders(1));

        for (int i = 0; i < 64; i++) {
            peer.send(paddedData(1, new byte[0], 255));
        }

        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 1 16384");
    }

    @Test
    void holdsAWindowOfUnreadOctetsAndNoMore() {
        peer.with(TransportOptions.builder().windows(WINDOW, 4 * WINDOW).build())
                .ready();
        RecordedStream stream = peer.startStreaming();
        peer.receive();
        peer.send(grpcHeaders(1));
        for (int i = 0; i < 3; i++) {
            peer.send(data(1, new byte[16_384]));
        }
        peer.send(data(1, new byte[16_383]));

        peer.send(data(1, new byte[1]));
        assertThat(peer.receive()).contains("RST_STREAM 1 FLOW_CONTROL_ERROR");
        assertThat(stream.hasEnded()).as("ended before its messages were read").isFalse();
        peer.request(stream, Integer.MAX_VALUE);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.MALFORMED);
        assertThat(stream.messages()).hasSize(13_107);
    }

    @Test
    void aMessageLargerThanTheWindowIsReadOnceItIsAskedFor() {
        peer.with(TransportOptions.builder().windows(WINDOW, WINDOW).build()).ready();
        RecordedStream stream = peer.startStreaming();
        byte[] message = message("x".repeat(400_000));
        peer.send(grpcHeaders(1));
        int from = 0;
        for (; from < 49_152; from += 16_384) {
            peer.send(data(1, Arrays.copyOfRange(message, from, from + 16_384)));
        }
        assertThat(peer.windows().grantedBytes(1)).isZero();

        peer.request(stream, 1);
        for (; from < message.length; from += 16_384) {
            peer.send(data(1, Arrays.copyOfRange(message, from, Math.min(message.length, from + 16_384))));
        }

        assertThat(stream.events()).endsWith("message 400000 bytes");
    }

    @Test
    void oneUnreadStreamLeavesTheConnectionToTheOthers() {
        peer.with(TransportOptions.builder().windows(WINDOW, WINDOW).build()).ready();
        peer.startStreaming();
        RecordedStream other = peer.start();
        peer.send(grpcHeaders(1), data(1, new byte[16_384]), data(1, new byte[16_384]), data(1, new byte[16_384]));

        peer.send(grpcHeaders(3));
        for (int i = 0; i < 20; i++) {
            peer.send(data(3, message("y".repeat(16_379))));
        }

        assertThat(other.messages()).hasSize(20);
    }

    @Test
    void unreadOctetsOfAllStreamsTogetherAreLimited() {
        peer.with(TransportOptions.builder()
                        .windows(WINDOW, WINDOW)
                        .maxUnreadBytes(100_000)
                        .build())
                .ready();
        peer.leavesUnread();
        long sent = 0;
        RecordedStream last = peer.startStreaming();
        for (int id = 1; sent + 16_384 <= WINDOW + peer.windows().grantedBytes(0); id += 2) {
            peer.send(grpcHeaders(id), data(id, message("z".repeat(16_379))));
            sent += 16_384;
            last = peer.startStreaming();
            assertThat(id).as("streams that could be filled").isLessThan(50);
        }
        assertThat(sent).isBetween(100_000L, 100_000L + WINDOW);
        assertThat(peer.allocator().usedBytes()).as("bytes held").isLessThan(3L * (100_000 + WINDOW));
        long granted = peer.windows().grantedBytes(0);

        for (RecordedStream stream : peer.started()) {
            peer.request(stream, 1);
        }

        assertThat(peer.windows().grantedBytes(0)).isGreaterThan(granted);
        assertThat(last.hasEnded()).isFalse();
    }

    @Test
    void smallPiecesShareABuffer() {
        peer.ready();
        peer.startStreaming();
        peer.send(grpcHeaders(1));

        for (int i = 0; i < 2000; i++) {
            peer.send(data(1, new byte[1]));
        }

        assertThat(peer.allocator().usedBytes()).isLessThan(16_384);
    }

    // ---- Ends ------------------------------------------------------------------------------------------------

    @Test
    void trailersWaitBehindUnreadMessagesAndTheSlotDoesNot() {
        peer.ready(MAX_CONCURRENT_STREAMS, 1);
        RecordedStream stream = peer.startStreaming();
        RecordedStream waiting = peer.start();
        peer.receive();

        peer.send(grpcHeaders(1), data(1, join(message("a"), message("b"))), okTrailers(1));
        assertThat(stream.hasEnded()).isFalse();
        assertThat(peer.receive()).containsExactly("RST_STREAM 1 NO_ERROR", "HEADERS 3", "DATA 3 8 END_STREAM");
        assertThat(waiting.hasEnded()).isFalse();
        peer.request(stream, 1);
        assertThat(stream.hasEnded()).isFalse();
        peer.request(stream, 1);

        assertThat(stream.events()).endsWith("message a", "message b", "trailers grpc-status=0");
    }

    /** MS-7. */
    @Test
    void messagesStayReadableAfterTheConnectionIsLost() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, join(message("a"), message("b"))));

        peer.fail(new IOException("Connection reset by peer"));
        assertThat(stream.hasEnded()).isFalse();
        assertThat(peer.releases()).isZero();
        peer.request(stream, 5);

        assertThat(stream.events()).endsWith("message a", "message b", "failure CONNECTION_LOST");
        assertThat(peer.releases()).isEqualTo(1);
    }

    @Test
    void aStatusThatArrivedOutlivesTheConnection() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")), okTrailers(1));

        peer.fail(new IOException("Connection reset by peer"));
        peer.request(stream, 1);

        assertThat(stream.events()).endsWith("message a", "trailers grpc-status=0");
    }

    @Test
    void aCancelEndsAStreamWithUnreadMessagesAtOnce() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")), okTrailers(1));
        peer.receive();

        peer.cancel(stream);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CANCELLED);
        assertThat(peer.receive()).as("frames for a stream that is closed").isEmpty();
    }

    @Test
    void aCancelEndsAStreamWithUnreadMessagesAfterTheConnectionIsLost() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")));
        peer.fail(new IOException("Connection reset by peer"));

        peer.cancel(stream);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CANCELLED);
    }

    @Test
    void aDeadlineEndsAStreamWithUnreadMessagesAtOnce() {
        peer.ready();
        RecordedStream stream = peer.start(
                peer.newStreaming(1000, peer.nanoTime() + Duration.ofSeconds(1).toNanos()));
        peer.send(grpcHeaders(1), data(1, message("a")), okTrailers(1));
        peer.receive();
        assertThat(stream.hasEnded()).isFalse();

        peer.advance(Duration.ofMillis(1010));

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.DEADLINE_EXCEEDED);
        assertThat(peer.receive()).as("frames for a stream that is closed").isEmpty();
    }

    @Test
    void shutdownNowEndsStreamsWithUnreadMessagesAtOnce() {
        peer.ready();
        RecordedStream open = peer.startStreaming();
        RecordedStream closed = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")), grpcHeaders(3), data(3, message("a")), okTrailers(3));

        peer.shutdownNow();

        assertThat(open.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(closed.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
    }

    @Test
    void shutdownNowEndsStreamsWithUnreadMessagesAfterTheConnectionIsLost() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")));
        peer.fail(new IOException("Connection reset by peer"));

        peer.shutdownNow();

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(peer.releases()).isEqualTo(1);
    }

    @Test
    void aResetWaitsBehindUnreadMessages() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, message("a")), rstStream(1, Http2Error.INTERNAL_ERROR));
        assertThat(stream.hasEnded()).isFalse();

        peer.request(stream, 1);

        assertThat(stream.events()).endsWith("message a", "failure RESET");
    }

    /** ST-9: what the server said of the end counts, not where in a message it said it. */
    @Test
    void aResetWithinAMessageThatIsReadLaterIsStillAReset() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(
                grpcHeaders(1),
                data(1, join(message("a"), Arrays.copyOf(message("bcd"), 6))),
                rstStream(1, Http2Error.ENHANCE_YOUR_CALM));

        peer.request(stream, 2);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.RESET);
        assertThat(stream.failure().errorCode()).isEqualTo(Http2Error.ENHANCE_YOUR_CALM.code());
    }

    /** MS-6. */
    @Test
    void aResponseThatEndsWithinAMessageFailsWhereItIsRead() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, join(message("a"), Arrays.copyOf(message("bcd"), 6))), okTrailers(1));
        peer.request(stream, 1);
        assertThat(stream.hasEnded()).isFalse();

        peer.request(stream, 1);

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.MALFORMED);
        assertThat(stream.failure().message()).contains("within a message");
    }

    /** MS-1. */
    @Test
    void aMalformedMessageFailsWhereItIsRead() {
        peer.ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1), data(1, join(message("a"), Frames.hex("0700000000"), message("b"))));
        peer.request(stream, 1);
        assertThat(stream.hasEnded()).isFalse();

        peer.request(stream, 2);

        assertThat(stream.messages()).hasSize(1);
        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.MALFORMED);
    }
}
