package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.INITIAL_WINDOW_SIZE;
import static io.peregrine.transport.http2.Frames.MAX_FRAME_SIZE;
import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.grpcHeaders;
import static io.peregrine.transport.http2.Frames.okTrailers;
import static io.peregrine.transport.http2.Frames.paddedData;
import static io.peregrine.transport.http2.Frames.settings;
import static io.peregrine.transport.http2.Frames.windowUpdate;
import static io.peregrine.transport.http2.StreamFailure.Kind.CONNECTION_LOST;
import static io.peregrine.transport.http2.StreamFailure.Kind.MALFORMED;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Windows in both directions (RFC 9113 §6.9). {@link ScriptedPeer} itself fails a client that exceeds one. */
class FlowControlTest {
    private static final int BIG = 1 << 30;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    // ---- Outbound --------------------------------------------------------------------------------------------

    @Test
    void sendsLargeRequestsInFramesOf16KiB() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG, MAX_FRAME_SIZE, 1 << 20);

        peer.startSending(40_000 - 5);

        assertThat(peer.receive())
                .containsExactly("HEADERS 1", "DATA 1 16384", "DATA 1 16384", "DATA 1 7232 END_STREAM");
        assertThat(peer.requestBody(1)).startsWith(0, 0, 0, 0x9c, 0x3b).hasSize(40_000);
    }

    @Test
    void stopsAtTheWindowOfTheStream() {
        peer.ready(INITIAL_WINDOW_SIZE, 10);
        peer.startSending(20);
        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 10");

        peer.send(windowUpdate(1, 1));
        assertThat(peer.receive()).containsExactly("DATA 1 1");
        peer.send(windowUpdate(1, 14));

        assertThat(peer.receive()).containsExactly("DATA 1 14 END_STREAM");
    }

    @Test
    void stopsAtTheWindowOfTheConnection() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        peer.startSending(70_000);
        assertThat(peer.windows().connectionWindow()).isZero();
        peer.receive();

        peer.send(windowUpdate(0, 4000));
        peer.send(windowUpdate(0, 4000));

        assertThat(peer.receive()).containsExactly("DATA 1 4000", "DATA 1 470 END_STREAM");
    }

    @Test
    void goesOnByteByByteThroughWindowsOfOne() {
        peer.ready(INITIAL_WINDOW_SIZE, 1);
        peer.startSending(3);

        for (int i = 0; i < 7; i++) {
            peer.send(windowUpdate(1, 1));
        }

        assertThat(peer.receive()).hasSize(9).endsWith("DATA 1 1", "DATA 1 1 END_STREAM");
        assertThat(peer.requestBody(1)).containsExactly(0, 0, 0, 0, 3, 0, 1, 2);
    }

    @Test
    void sendsNothingWhileAWindowThatShrankIsBelowZero() {
        peer.ready(INITIAL_WINDOW_SIZE, 100);
        peer.startSending(195);
        peer.receive();

        peer.sendSettings(INITIAL_WINDOW_SIZE, 10);
        assertThat(peer.windows().streamWindow(1)).isEqualTo(-90);
        peer.send(windowUpdate(1, 90));
        assertThat(peer.receive()).containsExactly("SETTINGS ACK");
        peer.send(windowUpdate(1, 1));
        assertThat(peer.receive()).containsExactly("DATA 1 1");
        peer.sendSettings(INITIAL_WINDOW_SIZE, 1000);

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "DATA 1 99 END_STREAM");
    }

    @Test
    void startsWhatAWindowOfZeroHeldBack() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        peer.start();
        assertThat(peer.receive()).containsExactly("HEADERS 1");

        peer.sendSettings(INITIAL_WINDOW_SIZE, 8);

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "DATA 1 8 END_STREAM");
    }

    @Test
    void refusesSettingsThatOverflowTheWindowOfAStream() {
        peer.ready();
        RecordedStream stream = peer.startSending(70_000);
        peer.send(windowUpdate(1, 70_000));
        peer.receive();

        peer.sendSettings(INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);

        assertThat(peer.receive()).last().asString().startsWith("GOAWAY 0 FLOW_CONTROL_ERROR");
        assertThat(stream.failure().kind()).isEqualTo(CONNECTION_LOST);
    }

    @Test
    void servesStreamsInTurnsWithinTheWindowOfTheConnection() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        peer.startSending(65_535 - 5);
        peer.startSending(40_000);
        peer.startSending(40_000);
        peer.start();
        peer.receive();

        peer.send(windowUpdate(0, 3 * 16_384 + 8));

        assertThat(peer.receive())
                .containsExactly("DATA 3 16384", "DATA 5 16384", "DATA 7 8 END_STREAM", "DATA 3 16384");
    }

    @Test
    void letsAStreamWithoutWindowBlockNobody() {
        peer.ready(INITIAL_WINDOW_SIZE, 8);
        peer.startSending(100);

        peer.start();

        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8", "HEADERS 3", "DATA 3 8 END_STREAM");
    }

    @Test
    void forgetsAStreamThatEndsWhileItWaitsForTheConnection() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        peer.startSending(65_535 - 5);
        RecordedStream first = peer.startSending(10);
        RecordedStream second = peer.startSending(10);
        RecordedStream third = peer.startSending(10);
        peer.receive();

        peer.cancel(second);
        second.releaseRequest();
        peer.cancel(first);
        assertThat(List.of(first, second)).noneMatch(stream -> stream.queuedToSend);
        assertThat(third.previousToSend).isNull();
        peer.send(windowUpdate(0, 100));

        assertThat(peer.receive())
                .containsExactly("RST_STREAM 5 CANCEL", "RST_STREAM 3 CANCEL", "DATA 7 15 END_STREAM");
        assertThat(third.hasEnded()).isFalse();
    }

    @Test
    void writesOnWhenTheSocketTakesMore() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        peer.send(windowUpdate(0, BIG));
        peer.block();
        RecordedStream large = peer.startSending(1 << 20);
        RecordedStream other = peer.startSending(1 << 20);
        assertThat(peer.channel().isWritable()).isFalse();

        peer.unblock();

        assertThat(peer.requestBody(1)).hasSize((1 << 20) + 5);
        assertThat(peer.requestBody(3)).hasSize((1 << 20) + 5);
        assertThat(large.hasEnded() || other.hasEnded()).isFalse();
    }

    @Test
    void keepsFramesWholeWhenAWriteOutsideATurnFillsTheSocket() {
        peer.ready(INITIAL_WINDOW_SIZE, BIG);
        peer.send(windowUpdate(0, BIG));
        peer.channel().config().setWriteBufferWaterMark(new io.netty.channel.WriteBufferWaterMark(1, 2));
        RecordedStream timer = peer.startWithin(Duration.ofMillis(10));
        timer.onEndRun(() -> {
            peer.tryStart(peer.newStream(60_000, TransportStream.NO_DEADLINE, null));
            peer.tryStart(peer.newStream(60_000, TransportStream.NO_DEADLINE, null));
            peer.tryStart(peer.newStream(60_000, TransportStream.NO_DEADLINE, null));
        });

        peer.advance(Duration.ofMillis(20));

        assertThat(List.of(peer.requestBody(3), peer.requestBody(5), peer.requestBody(7)))
                .allMatch(body -> body.length == 60_005);
    }

    // ---- Inbound ---------------------------------------------------------------------------------------------

    @Test
    void returnsCreditByTheQuarter() {
        peer.with(TransportOptions.builder().windows(80_000, 160_000).build()).ready();
        peer.start();
        peer.send(grpcHeaders(1), data(1, Frames.hex("0000020000")));
        peer.receive();

        peer.send(data(1, new byte[16_000]), data(1, new byte[3_994]));
        assertThat(peer.receive()).isEmpty();
        peer.send(data(1, new byte[1]));
        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 1 20000");
        peer.send(data(1, new byte[16_000]), data(1, new byte[4_000]));

        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 0 40000", "WINDOW_UPDATE 1 20000");
    }

    @Test
    void countsAndCreditsPadding() {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        peer.start();
        peer.send(grpcHeaders(1));
        peer.receive();

        for (int i = 0; i < 64; i++) {
            peer.send(paddedData(1, new byte[0], 255));
        }

        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 0 16384", "WINDOW_UPDATE 1 16384");
    }

    @Test
    void creditsTheConnectionForStreamsThatHaveEnded() {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        RecordedStream stream = peer.start();
        peer.cancel(stream);
        peer.receive();

        for (int i = 0; i < 8; i++) {
            peer.send(data(1, new byte[16_384]));
        }

        assertThat(peer.receive()).hasSize(8).containsOnly("WINDOW_UPDATE 0 16384");
    }

    @Test
    void creditsTheConnectionForDataThatBrokeItsStream() {
        peer.with(TransportOptions.builder().windows(65_536, 65_536).build()).ready();
        RecordedStream stream = peer.start();
        peer.receive();

        peer.send(data(1, new byte[16_384]));

        assertThat(stream.failure().kind()).isEqualTo(MALFORMED);
        assertThat(peer.receive()).containsExactly("WINDOW_UPDATE 0 16384", "RST_STREAM 1 PROTOCOL_ERROR");
    }

    @Test
    void returnsTheCreditOfTheConnectionOnReceipt() {
        peer.with(TransportOptions.builder().windows(65_535, 65_535).build()).connected();
        peer.sendSettings();
        RecordedStream stream = peer.start();
        peer.receive();

        // Many times the window, of one message that is not complete: nobody has consumed anything yet.
        peer.send(grpcHeaders(1), data(1, Frames.hex("0000200000")));
        for (int i = 0; i < 40; i++) {
            peer.send(data(1, new byte[16_384]));
        }

        assertThat(stream.hasEnded()).isFalse();
        assertThat(peer.windows().grantedBytes(0)).isGreaterThan(40L * 16_384 - 16_384);
    }

    @Test
    void takesAMessageOfFourMiBOverWindowsOf64KiB() {
        peer.with(TransportOptions.builder().windows(65_535, 65_535).build()).ready();
        RecordedStream stream = peer.start();
        byte[] message = Frames.message(new byte[ScriptedPeer.MAX_MESSAGE_BYTES]);

        peer.send(grpcHeaders(1));
        for (int from = 0; from < message.length; from += 16_384) {
            peer.send(data(1, java.util.Arrays.copyOfRange(message, from, Math.min(from + 16_384, message.length))));
        }
        peer.send(okTrailers(1));

        assertThat(stream.events()).endsWith("message 4194304 bytes", "trailers grpc-status=0");
    }

    @Test
    void appliesAllSettingsOfAFrameBeforeItSends() {
        peer.ready(INITIAL_WINDOW_SIZE, 0);
        peer.startSending(20_000);
        peer.receive();

        peer.send(settings(INITIAL_WINDOW_SIZE, 30_000), settings(INITIAL_WINDOW_SIZE, 5));

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "SETTINGS ACK", "DATA 1 5");
    }
}
