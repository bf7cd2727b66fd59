package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.data;
import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SPEC H2-8 and H2-7 on the wire: when a probe goes out, and what an answer does to the windows. */
class BandwidthProbeTest {
    private static final int MIB = 1 << 20;
    private static final int FRAME = 16 << 10;
    private static final int PROBE_AFTER_FRAMES = MIB / 8 / FRAME;
    private static final String PAYLOAD = "02041010090e0707";
    private static final String PROBE = "PING " + PAYLOAD;

    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    private long downloaded;

    @Test
    void h28SmallTrafficIsNeverProbed() {
        peer.with(TransportOptions.defaults()).ready();
        for (int i = 0; i < 3000; i++) {
            peer.start();
            peer.advance(Duration.ofMillis(1));
            peer.send(response(2 * i + 1, "a small message of about a hundred octets ".repeat(2)));
        }

        assertThat(peer.receive()).doesNotContain(PROBE);
    }

    @Test
    void h28ALargeDownloadIsProbedOnceUntilThePeerAnswers() {
        startDownload();
        sendFrames(PROBE_AFTER_FRAMES - 1);
        assertThat(probes()).isZero();

        sendFrames(1);
        assertThat(probes()).isEqualTo(1);
        sendFrames(50);
        assertThat(probes()).isZero();

        answer();
        sendFrames(PROBE_AFTER_FRAMES * 2);
        assertThat(probes()).isEqualTo(1);
    }

    @Test
    void h28FixedWindowsAreNotProbed() {
        peer.with(TransportOptions.builder().windows(MIB, 4 * MIB).build()).ready();
        peer.start();
        peer.send(Frames.headers(1, ":status", "502", "content-type", "text/html"));

        sendFrames(200);

        assertThat(probes()).isZero();
    }

    @Test
    void h28TheWindowsGrowToTwiceTheSampleForStreamsThatAreOpenAndThoseToCome() {
        startDownload();
        measureTheRoundTrip();
        sendFrames(PROBE_AFTER_FRAMES);
        peer.advance(Duration.ofMillis(100));
        sendFrames(160);
        peer.receive();

        answer();

        int grown = 2 * 160 * FRAME;
        assertThat(peer.receive())
                .contains("SETTINGS 4=" + grown)
                .anyMatch(line -> line.startsWith("WINDOW_UPDATE 0 "))
                .noneMatch(line -> line.startsWith("WINDOW_UPDATE 1 "));
        assertThat(connectionCredit()).isEqualTo(grown);
        long ofTheStream = grown + peer.windows().grantedBytes(1) - downloaded;
        assertThat(ofTheStream).isBetween(grown - MIB / 4L, (long) grown);
    }

    @Test
    void h28WhatThePeerMayNowSendIsNoViolation() {
        startDownload();
        measureTheRoundTrip();
        sendFrames(PROBE_AFTER_FRAMES);
        peer.advance(Duration.ofMillis(100));
        sendFrames(160);
        answer();
        long allowed = 2L * 160 * FRAME + peer.windows().grantedBytes(1) - downloaded;
        byte[][] frames = new byte[(int) (allowed / FRAME)][];
        Arrays.fill(frames, data(1, new byte[FRAME]));

        peer.send(frames);

        assertThat(peer.isClosed()).isFalse();
        assertThat(peer.receive()).noneMatch(line -> line.startsWith("RST_STREAM"));
    }

    @Test
    void h28TheWindowsStopAtTheirCaps() {
        peer.with(TransportOptions.builder().maxWindows(2 * MIB, 5 * MIB).build())
                .ready();
        beginDownload();
        for (int i = 0; i < 10; i++) {
            sendFrames(MIB / FRAME);
            peer.advance(Duration.ofMillis(100));
            sendFrames(4 * MIB / FRAME);
            answer();
        }

        assertThat(peer.receive())
                .filteredOn(line -> line.startsWith("SETTINGS 4"))
                .containsExactly("SETTINGS 4=2097152");
        assertThat(connectionCredit()).isBetween(5 * MIB * 3L / 4, 5L * MIB);
    }

    @Test
    void p6AGrownWindowTakesItsBytesFromWhatMayBeUnread() {
        peer.with(TransportOptions.builder().maxUnreadBytes(MIB).build()).ready();
        beginDownload();
        measureTheRoundTrip();
        sendFrames(PROBE_AFTER_FRAMES);
        peer.advance(Duration.ofMillis(100));
        sendFrames(8 * MIB / FRAME);

        answer();
        sendFrames(5 * MIB / FRAME);

        assertThat(connectionCredit()).isBetween(5 * MIB * 3L / 4, 5L * MIB);
    }

    @Test
    void h28AStrayAcknowledgementChangesNothing() {
        startDownload();
        answer();
        measureTheRoundTrip();
        sendFrames(PROBE_AFTER_FRAMES);
        peer.advance(Duration.ofMillis(100));
        sendFrames(160);
        peer.receive();

        peer.send(frame(Frames.PING, Frames.ACK, 0, "6b656570616c6976"));
        peer.send(frame(Frames.PING, Frames.ACK, 0, "0000000000000000"));

        assertThat(peer.receive()).isEmpty();
    }

    @Test
    void h28ThereIsNoThirdPingWithoutAFrameOfOtherKind() {
        peer.with(TransportOptions.defaults()).ready();
        RecordedStream cancelled = peer.start();
        peer.cancel(cancelled);
        peer.receive();
        // What comes for a stream that has ended is credited to the connection only, and that seldom.
        sendFrames(PROBE_AFTER_FRAMES);
        assertThat(probes()).isEqualTo(1);
        answer();
        sendFrames(2 * PROBE_AFTER_FRAMES);
        assertThat(probes()).isEqualTo(1);
        answer();

        sendFrames(4 * PROBE_AFTER_FRAMES);
        assertThat(probes()).isZero();
        sendFrames(PROBE_AFTER_FRAMES);

        assertThat(peer.receive()).containsSubsequence("WINDOW_UPDATE 0 1048576", PROBE);
    }

    @Test
    void refusesCapsBelowTheWindows() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        TransportOptions.builder().maxWindows(MIB - 1, 4 * MIB).build())
                .withMessage("max stream window: 1048575 (expected: 1048576..2147483647)");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        TransportOptions.builder().maxWindows(MIB, 4 * MIB - 1).build())
                .withMessage("max connection window: 4194303 (expected: 4194304..2147483647)");
    }

    private void startDownload() {
        peer.with(TransportOptions.defaults()).ready();
        beginDownload();
    }

    /** Responses that are not gRPC's may be of any size. */
    private void beginDownload() {
        peer.start();
        peer.send(Frames.headers(1, ":status", "502", "content-type", "text/html"));
        peer.receive();
    }

    /** The first probe of all, which later ones are compared with. */
    private void measureTheRoundTrip() {
        sendFrames(PROBE_AFTER_FRAMES);
        peer.advance(Duration.ofMillis(100));
        sendFrames(MIB / FRAME);
        answer();
    }

    private void sendFrames(int count) {
        byte[] frame = data(1, new byte[FRAME]);
        for (int i = 0; i < count; i++) {
            downloaded += FRAME;
            peer.send(frame);
        }
    }

    private void answer() {
        peer.send(frame(Frames.PING, Frames.ACK, 0, PAYLOAD));
    }

    private long probes() {
        return peer.receive().stream().filter(PROBE::equals).count();
    }

    private long connectionCredit() {
        return 65_535 + peer.windows().grantedBytes(0) - downloaded;
    }
}
