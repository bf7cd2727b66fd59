package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.rstStream;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever a legal server and a caller do in whatever order: nothing is lost, doubled, leaked or over its bound. */
class StreamingProperties {
    private static final int SCRIPTS = 200;
    private static final int STEPS = 150;
    private static final int WINDOW = 65_535;
    private static final int LIMIT = 20_000;
    private static final int LARGEST_MESSAGE = 30_000;

    @Test
    void messagesArriveInOrderOnceAskedForAndOffersStayWithinTheirBound() {
        SplittableRandom random = Seeds.random("streams of messages in both directions");
        for (int script = 0; script < SCRIPTS; script++) {
            ScriptedPeer peer = new ScriptedPeer()
                    .with(TransportOptions.builder().windows(WINDOW, 4 * WINDOW).build())
                    .ready(
                            Frames.INITIAL_WINDOW_SIZE, random.nextInt(1 << random.nextInt(1, 17)),
                            Frames.MAX_CONCURRENT_STREAMS, random.nextInt(1, 6));
            List<Dialogue> dialogues = new ArrayList<>();
            for (int step = 0; step < STEPS && !peer.isClosed(); step++) {
                play(peer, dialogues, random);
                dialogues.forEach(Dialogue::checkBounds);
            }
            dialogues.forEach(dialogue -> dialogue.readToTheEnd(peer));
            peer.verify();
        }
    }

    private static void play(ScriptedPeer peer, List<Dialogue> dialogues, SplittableRandom random) {
        if (dialogues.isEmpty() || random.nextInt(12) == 0) {
            dialogues.add(new Dialogue(peer.start(peer.newStreaming(LIMIT, TransportStream.NO_DEADLINE))));
            return;
        }
        Dialogue chosen = dialogues.get(random.nextInt(dialogues.size()));
        switch (random.nextInt(11)) {
            case 0, 1 -> chosen.offer(peer, random.nextInt(1 << random.nextInt(1, 15)));
            case 2 -> peer.request(chosen.stream, 1 + random.nextInt(4));
            case 3 -> peer.send(windowUpdate(0, 1 + random.nextInt(1 << random.nextInt(1, 17))));
            case 4 -> peer.send(settings(Frames.INITIAL_WINDOW_SIZE, random.nextInt(1 << random.nextInt(1, 17))));
            case 5 -> chosen.grant(peer, 1 + random.nextInt(1 << random.nextInt(1, 16)));
            case 6, 7, 8 -> chosen.answer(peer, random);
            case 9 -> chosen.endSomehow(peer, random);
            default -> {
                if (random.nextInt(60) == 0) {
                    peer.fail(new IOException("Connection reset by peer"));
                }
            }
        }
    }

    /** A stream, and what its server has sent on it. */
    private static final class Dialogue {
        private final RecordedStream stream;
        private final List<byte[]> sent = new ArrayList<>();
        private int offeredBytes;
        private boolean answered;
        private boolean over;
        private boolean cancelled;

        Dialogue(RecordedStream stream) {
            this.stream = stream;
        }

        private boolean isOpen(ScriptedPeer peer) {
            return stream.id != 0 && !over && !stream.hasEnded() && !peer.isClosed();
        }

        void offer(ScriptedPeer peer, int bytes) {
            boolean writable = stream.messagePipe().isWritable();
            assertThat(peer.offer(stream, bytes)).isEqualTo(writable);
            if (writable) {
                offeredBytes += 5 + bytes;
            }
        }

        void grant(ScriptedPeer peer, int increment) {
            if (isOpen(peer)) {
                peer.send(windowUpdate(stream.id, increment));
            }
        }

        /** Sends a message in pieces, some padded, if the window has room for it. */
        void answer(ScriptedPeer peer, SplittableRandom random) {
            if (!isOpen(peer)) {
                return;
            }
            if (!answered) {
                answered = true;
                peer.send(grpcHeaders(stream.id));
            }
            byte[] payload = new byte[random.nextInt(1 << random.nextInt(1, 15))];
            random.nextBytes(payload);
            byte[] framed = Frames.message(payload);
            long held = sent.stream()
                    .mapToLong(message -> message.length + 5L + 256)
                    .sum();
            long read = stream.messages().stream()
                    .mapToLong(message -> message.length + 5L + 256)
                    .sum();
            if (held - read + framed.length + 256 > WINDOW * 3L / 4) {
                return;
            }
            int cut = random.nextInt(framed.length + 1);
            sent.add(payload);
            peer.send(
                    paddedData(stream.id, Arrays.copyOf(framed, Math.min(cut, 16_000)), random.nextInt(100)),
                    data(stream.id, Arrays.copyOfRange(framed, Math.min(cut, 16_000), framed.length)));
        }

        void endSomehow(ScriptedPeer peer, SplittableRandom random) {
            if (random.nextInt(4) == 0) {
                cancelled |= !stream.hasEnded();
                peer.cancel(stream);
            } else if (random.nextInt(3) == 0) {
                peer.endRequest(stream);
            } else if (answered && isOpen(peer)) {
                over = true;
                peer.send(
                        random.nextBoolean() ? okTrailers(stream.id) : rstStream(stream.id, Http2Error.INTERNAL_ERROR));
            }
        }

        void checkBounds() {
            assertThat(stream.messagePipe().queuedBytes()).isLessThan(LIMIT + LARGEST_MESSAGE);
            assertThat(stream.messages()).hasSizeLessThanOrEqualTo(sent.size());
            for (int i = 0; i < stream.messages().size(); i++) {
                assertThat(stream.messages().get(i)).isEqualTo(sent.get(i));
            }
        }

        void readToTheEnd(ScriptedPeer peer) {
            boolean mayRead = !cancelled && stream.id != 0;
            peer.request(stream, Integer.MAX_VALUE);
            if (mayRead) {
                assertThat(stream.messages()).hasSameSizeAs(sent);
            }
            checkBounds();
            if (stream.id != 0) {
                assertThat(peer.requestBody(stream.id).length).isLessThanOrEqualTo(offeredBytes);
            }
            assertThat(stream.hasEnded()).isEqualTo(cancelled || over || peer.isClosed());
        }
    }
}
