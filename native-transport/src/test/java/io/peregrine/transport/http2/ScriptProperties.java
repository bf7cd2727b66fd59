package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.message;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.ping;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Any legal behaviour of a server, however its octets are cut, leaves every response whole. */
class ScriptProperties {
    private static final int SCRIPTS = 150;
    private static final int STEPS = 120;
    private static final int BIG = 1 << 28;

    @Test
    void anyLegalInterleavingDeliversEveryRequestAndResponse() {
        SplittableRandom random = Seeds.random("interleaved streams arrive whole in both directions");
        for (int script = 0; script < SCRIPTS; script++) {
            ScriptedPeer peer = new ScriptedPeer();
            if (random.nextBoolean()) {
                peer.with(TransportOptions.builder()
                        .windows(65_535, 65_535 + random.nextInt(100_000))
                        .build());
            }
            peer.ready(
                    Frames.INITIAL_WINDOW_SIZE, random.nextInt(1 << random.nextInt(1, 18)),
                    Frames.MAX_CONCURRENT_STREAMS, random.nextInt(1, 6));
            List<Exchange> exchanges = new ArrayList<>();
            for (int step = 0; step < STEPS; step++) {
                play(peer, exchanges, random);
            }
            finish(peer, exchanges);
            peer.verify();
        }
    }

    private static void play(ScriptedPeer peer, List<Exchange> exchanges, SplittableRandom random) {
        switch (random.nextInt(8)) {
            case 0 -> {
                int bytes = random.nextInt(1 << random.nextInt(1, 17));
                exchanges.add(new Exchange(peer.startSending(bytes), bytes, random));
            }
            case 1 -> peer.send(windowUpdate(0, 1 + random.nextInt(1 << random.nextInt(1, 18))));
            case 2 -> peer.send(settings(Frames.INITIAL_WINDOW_SIZE, random.nextInt(1 << random.nextInt(1, 18))));
            case 3 -> sendCut(peer, random, ping("0011223344556677"));
            case 4 -> peer.sendSettings(Frames.MAX_CONCURRENT_STREAMS, random.nextInt(6));
            default -> answerOne(peer, exchanges, random);
        }
    }

    private static void answerOne(ScriptedPeer peer, List<Exchange> exchanges, SplittableRandom random) {
        List<Exchange> open = exchanges.stream()
                .filter(exchange -> exchange.isOpen() && exchange.hasUnsent())
                .toList();
        if (open.isEmpty()) {
            return;
        }
        Exchange chosen = open.get(random.nextInt(open.size()));
        if (random.nextInt(4) == 0) {
            peer.send(windowUpdate(chosen.stream.id, 1 + random.nextInt(1 << random.nextInt(1, 17))));
        } else if (!chosen.mayEnd() || peer.requestBody(chosen.stream.id).length == chosen.requestBytes + 5) {
            sendCut(peer, random, chosen.next(random));
        }
    }

    /** Opens all windows, and answers what is left. */
    private static void finish(ScriptedPeer peer, List<Exchange> exchanges) {
        peer.send(settings(Frames.MAX_CONCURRENT_STREAMS, 1000, Frames.INITIAL_WINDOW_SIZE, BIG), windowUpdate(0, BIG));
        for (Exchange exchange : exchanges) {
            byte[] request = peer.requestBody(exchange.stream.id);
            assertThat(request).hasSize(exchange.requestBytes + 5);
            assertThat(Arrays.copyOfRange(request, 5, request.length))
                    .isEqualTo(ScriptedPeer.payload(exchange.requestBytes));
            while (exchange.hasUnsent()) {
                peer.send(exchange.frames.remove(0));
            }
            assertThat(exchange.stream.messages()).hasSize(exchange.messages.size());
            for (int i = 0; i < exchange.messages.size(); i++) {
                assertThat(exchange.stream.messages().get(i)).isEqualTo(exchange.messages.get(i));
            }
            assertThat(exchange.stream.events()).endsWith("trailers grpc-status=0");
        }
    }

    private static void sendCut(ScriptedPeer peer, SplittableRandom random, byte[] octets) {
        int cut = random.nextInt(octets.length + 1);
        peer.sendInPieces(Arrays.copyOf(octets, cut), Arrays.copyOfRange(octets, cut, octets.length));
    }

    @Test
    void theInputMayBeCutAtAnyOctet() {
        byte[] script = join(
                ping("0011223344556677"),
                grpcHeaders(1),
                data(1, join(message("first"), Arrays.copyOf(message("second"), 3))),
                grpcHeaders(3),
                windowUpdate(0, 100),
                paddedData(1, Arrays.copyOfRange(message("second"), 3, 11), 7),
                Frames.frame(0x33, 0, 0, "00112233"),
                settings(Frames.INITIAL_WINDOW_SIZE, 70_000),
                okTrailers(1),
                data(3, message("x".repeat(2000))),
                Frames.trailers(3, "grpc-status", "5", "grpc-message", "no"));
        List<String> whole = run(script, script.length);

        for (int cut = 0; cut < script.length; cut++) {
            assertThat(run(script, cut)).as("cut at octet %d", cut).isEqualTo(whole);
        }
    }

    private static List<String> run(byte[] script, int cut) {
        ScriptedPeer peer = new ScriptedPeer().ready();
        RecordedStream first = peer.start();
        RecordedStream second = peer.start();
        peer.receive();
        peer.sendInPieces(Arrays.copyOf(script, cut), Arrays.copyOfRange(script, cut, script.length));
        List<String> outcome = new ArrayList<>(first.events());
        outcome.addAll(second.events());
        outcome.addAll(peer.receive());
        peer.verify();
        return outcome;
    }

    @Test
    void theInputMayComeOctetByOctet() {
        ScriptedPeer peer = new ScriptedPeer().ready();
        RecordedStream stream = peer.start();

        peer.sendByteByByte(grpcHeaders(1), paddedData(1, message("drip"), 3), okTrailers(1));

        assertThat(stream.events()).endsWith("message drip", "trailers grpc-status=0");
        peer.verify();
    }

    /** One stream and the frames of its response that are still to be sent. */
    private static final class Exchange {
        final RecordedStream stream;
        final int requestBytes;
        final List<byte[]> messages = new ArrayList<>();
        final List<byte[]> frames = new ArrayList<>();
        private boolean framed;

        Exchange(RecordedStream stream, int requestBytes, SplittableRandom random) {
            this.stream = stream;
            this.requestBytes = requestBytes;
            for (int i = random.nextInt(3); i >= 0; i--) {
                byte[] payload = new byte[random.nextInt(1 << random.nextInt(1, 17))];
                random.nextBytes(payload);
                messages.add(payload);
            }
            byte[] body = join(messages.stream().map(Frames::message).toArray(byte[][]::new));
            for (int from = 0; from < body.length; ) {
                int to = Math.min(body.length, from + random.nextInt(1 << random.nextInt(1, 15)));
                frames.add(Arrays.copyOfRange(body, from, to));
                from = to;
            }
        }

        boolean isOpen() {
            if (stream.id == 0) {
                return false;
            }
            if (!framed) {
                framed = true;
                frames.replaceAll(payload -> payload.length % 3 == 0 && payload.length < 16_000
                        ? paddedData(stream.id, payload, payload.length % 200)
                        : data(stream.id, payload));
                frames.add(0, grpcHeaders(stream.id));
                frames.add(okTrailers(stream.id));
            }
            return true;
        }

        boolean hasUnsent() {
            return isOpen() && !frames.isEmpty();
        }

        /** Whether the next frame would end the stream, and so its request. */
        boolean mayEnd() {
            return frames.size() == 1;
        }

        byte[] next(SplittableRandom random) {
            byte[] next = frames.remove(0);
            return frames.size() > 1 && random.nextBoolean() ? join(next, frames.remove(0)) : next;
        }
    }
}
