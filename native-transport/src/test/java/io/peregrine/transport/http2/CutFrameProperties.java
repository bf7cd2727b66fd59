package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.dataAndEnd;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Frames mean the same wherever the reads of the socket cut them; large DATA is received in pieces. */
class CutFrameProperties {
    private static final int ROUNDS = 20;
    private static final int MAX_FRAME_BYTES = 16_384;
    private static final int MAX_MESSAGE_BYTES = 40_000;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void readsMayBeCutAnywhere() {
        SplittableRandom random = Seeds.random("frames mean the same wherever reads cut them");
        peer.ready();
        for (int round = 0; round < ROUNDS; round++) {
            RecordedStream stream = round % 2 == 0 ? peer.start() : startTakingAll();
            int id = stream.id;
            List<byte[]> sent = new ArrayList<>();
            List<byte[]> frames = new ArrayList<>(List.of(grpcHeaders(id)));
            for (int left = random.nextInt(1, 5); left > 0; left--) {
                byte[] payload = new byte[random.nextInt(random.nextBoolean() ? MAX_MESSAGE_BYTES : 100)];
                Arrays.fill(payload, (byte) random.nextInt());
                sent.add(payload);
                frames.addAll(dataFrames(id, message(payload), random));
            }
            frames.add(okTrailers(id));
            byte[][] pieces = cut(join(frames.toArray(byte[][]::new)), random);

            peer.sendInPieces(pieces);
            peer.receive();

            assertThat(stream.messages()).containsExactlyElementsOf(sent);
            assertThat(stream.events()).endsWith("trailers grpc-status=0");
        }
    }

    private RecordedStream startTakingAll() {
        RecordedStream stream = peer.startStreaming();
        peer.request(stream, Integer.MAX_VALUE);
        peer.endRequest(stream);
        return stream;
    }

    private static List<byte[]> dataFrames(int id, byte[] octets, SplittableRandom random) {
        List<byte[]> frames = new ArrayList<>();
        int from = 0;
        while (from < octets.length) {
            int most = Math.min(octets.length - from, random.nextInt(3) == 0 ? 5000 : MAX_FRAME_BYTES);
            int bytes = random.nextBoolean() ? most : random.nextInt(1, most + 1);
            frames.add(data(id, Arrays.copyOfRange(octets, from, from + bytes)));
            if (random.nextInt(4) == 0) {
                frames.add(ping("0123456789abcdef"));
            }
            from += bytes;
        }
        return frames;
    }

    private static byte[][] cut(byte[] octets, SplittableRandom random) {
        List<byte[]> pieces = new ArrayList<>();
        int from = 0;
        while (from < octets.length) {
            int most = new int[] {3, 12, 2000, 20_000, 65_536}[random.nextInt(5)];
            int to = Math.min(octets.length, from + random.nextInt(1, most + 1));
            pieces.add(Arrays.copyOfRange(octets, from, to));
            from = to;
        }
        return pieces.toArray(byte[][]::new);
    }

    @Test
    void receivesTheEndOfAStreamWithTheLastPiece() {
        peer.ready();
        RecordedStream stream = peer.start();
        byte[] frame = dataAndEnd(1, message(new byte[10_000]));
        peer.send(grpcHeaders(1));

        peer.sendInPieces(Arrays.copyOf(frame, 9000), Arrays.copyOfRange(frame, 9000, frame.length));

        assertThat(stream.events()).endsWith("message 10000 bytes", "trailers ");
    }

    @Test
    void dropsTheRestOfAFrameWhoseStreamWasCancelled() {
        peer.ready();
        RecordedStream cancelled = peer.start();
        RecordedStream next = peer.start();
        byte[] frame = data(1, message(new byte[10_000]));
        peer.send(grpcHeaders(1));
        peer.sendInPieces(Arrays.copyOf(frame, 5000));

        peer.cancel(cancelled);
        peer.sendInPieces(Arrays.copyOfRange(frame, 5000, 8000));
        peer.sendInPieces(join(Arrays.copyOfRange(frame, 8000, frame.length), response(3, "unharmed")));

        assertThat(cancelled.messages()).isEmpty();
        assertThat(next.events()).contains("message unharmed", "trailers grpc-status=0");
    }

    @Test
    void dropsTheRestOfAFrameThatComesBeforeHeaders() {
        peer.ready();
        RecordedStream victim = peer.start();
        RecordedStream next = peer.start();
        byte[] frame = data(1, message(new byte[10_000]));
        peer.receive();

        peer.sendInPieces(
                Arrays.copyOf(frame, 9), join(Arrays.copyOfRange(frame, 9, frame.length), response(3, "unharmed")));

        assertThat(peer.receive()).containsExactly("RST_STREAM 1 PROTOCOL_ERROR");
        assertThat(victim.failure().kind()).isEqualTo(StreamFailure.Kind.MALFORMED);
        assertThat(next.events()).contains("message unharmed");
    }

    @Test
    void refusesAFrameForAnIdleStreamByItsHeader() {
        peer.ready();
        peer.receive();

        peer.sendAnything(Arrays.copyOf(data(1, new byte[10_000]), 9));

        assertThat(peer.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
    }

    @Test
    void refusesAFrameOverTheWindowByItsHeader() {
        peer.with(TransportOptions.builder().windows(65_535, 65_535).build()).ready();
        RecordedStream stream = peer.startStreaming();
        peer.send(grpcHeaders(1));
        for (int i = 0; i < 3; i++) {
            peer.send(data(1, new byte[MAX_FRAME_BYTES]));
        }
        peer.leavesUnread();
        peer.receive();

        peer.sendAnything(Arrays.copyOf(data(1, new byte[MAX_FRAME_BYTES]), 100));

        assertThat(peer.receive()).endsWith("RST_STREAM 1 FLOW_CONTROL_ERROR");
        assertThat(stream.hasEnded()).isFalse();
    }

    @Test
    void endsAStreamByItsDeadlineWithinAFrame() {
        peer.ready();
        RecordedStream stream = peer.startWithin(Duration.ofSeconds(1));
        byte[] frame = data(1, message(new byte[10_000]));
        peer.send(grpcHeaders(1));
        peer.sendInPieces(Arrays.copyOf(frame, 5000));

        peer.advance(Duration.ofSeconds(2));
        peer.sendInPieces(Arrays.copyOfRange(frame, 5000, frame.length));

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.DEADLINE_EXCEEDED);
    }

    @Test
    void dropsWhatIsBehindACutFrameWhoseMessageMakesItsCallerFail() {
        peer.ready();
        RecordedStream stream = peer.start();
        stream.onMessageRun(() -> {
            throw new IllegalStateException("a fault of the caller");
        });
        byte[] octets = join(grpcHeaders(1), data(1, message("cut")), ping("0123456789abcdef"));
        int cut = octets.length - 17 - 2;

        peer.sendInPieces(Arrays.copyOf(octets, cut), Arrays.copyOfRange(octets, cut, octets.length));

        assertThat(stream.failure().kind()).isEqualTo(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void keepsNoReadForTheOctetsBehindItsLastFrame() {
        peer.ready();
        RecordedStream stream = peer.start();
        peer.send(grpcHeaders(1));
        long before = peer.allocator().usedBytes();
        byte[] octets = join(data(1, message(new byte[30_000 - 16_384])), data(1, message("cut")));

        peer.sendInPieces(Arrays.copyOf(octets, octets.length - 2));
        assertThat(peer.allocator().usedBytes() - before).isLessThan(1000);
        peer.sendInPieces(Arrays.copyOfRange(octets, octets.length - 2, octets.length));

        assertThat(stream.events()).endsWith("message cut");
    }
}
