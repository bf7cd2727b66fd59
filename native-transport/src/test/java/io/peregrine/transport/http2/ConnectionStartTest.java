package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.frame;
import static io.peregrine.transport.http2.Frames.goAway;
import static io.peregrine.transport.http2.Frames.join;
import static io.peregrine.transport.http2.Frames.response;
import static io.peregrine.transport.http2.Frames.settings;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.transport.http2.ClientTransport.StartResult;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a connection comes up, or does not (RFC 9113 §3.4, SPEC H2-1, H2-2). */
class ConnectionStartTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    @Test
    void beginsWithPrefaceSettingsAndTheConnectionWindow() {
        peer.connected();

        assertThat(peer.receive())
                .containsExactly("PREFACE", "SETTINGS 2=0, 4=1048576, 6=8192", "WINDOW_UPDATE 0 4128769");
        assertThat(peer.flushes()).isEqualTo(1);
    }

    @Test
    void saysNothingBeforeTcpIsUp() {
        peer.connecting();

        assertThat(peer.receive()).isEmpty();
        assertThat(peer.listened()).isEmpty();
    }

    @Test
    void leavesAWindowAloneThatIsTheDefault() {
        peer.with(TransportOptions.builder().windows(65_535, 65_535).build()).connected();

        assertThat(peer.receive()).containsExactly("PREFACE", "SETTINGS 2=0, 4=65535, 6=8192");
    }

    @Test
    void isReadyWithTheServersSettingsAndAcknowledgesThem() {
        peer.connected();
        peer.receive();
        assertThat(peer.listened()).isEmpty();

        peer.sendSettings();

        assertThat(peer.receive()).containsExactly("SETTINGS ACK");
        assertThat(peer.listened()).containsExactly("ready");
    }

    @Test
    void refusesStreamsUntilItIsReady() {
        peer.connected();

        assertThat(peer.tryStart(peer.newStream())).isEqualTo(StartResult.CLOSED);
    }

    @Test
    void acknowledgesEachSettingsInOrder() {
        peer.ready();

        peer.send(settings(), settings(Frames.MAX_CONCURRENT_STREAMS, 5), settings());

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "SETTINGS ACK", "SETTINGS ACK");
        assertThat(peer.listened()).containsExactly("ready");
    }

    @Test
    void acknowledgesBeforeItUsesTheNewSettings() {
        peer.connected();
        peer.onReadyRun(() -> assertThat(peer.tryStart(peer.newStream())).isEqualTo(StartResult.ACCEPTED));
        peer.receive();

        peer.sendSettings();

        assertThat(peer.receive()).containsExactly("SETTINGS ACK", "HEADERS 1", "DATA 1 8 END_STREAM");
    }

    @Test
    void comesUpWhateverTheSplitOfTheFirstOctets() {
        peer.connected();

        peer.sendByteByByte(settings(Frames.MAX_CONCURRENT_STREAMS, 5));

        assertThat(peer.listened()).containsExactly("ready");
    }

    @Test
    void ignoresUnknownSettingsAndTakesTheLastOfRepeatedOnes() {
        peer.ready(0x99, 7, Frames.MAX_CONCURRENT_STREAMS, 0, Frames.MAX_CONCURRENT_STREAMS, 1);

        peer.start();

        assertThat(peer.receive()).containsExactly("HEADERS 1", "DATA 1 8 END_STREAM");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
                "SSH-2.0-OpenSSH_9.6\r\n",
                "\u0015\u0003\u0001\u0000\u0002\u0002F\u0000\u0000"
            })
    void showsTheFirstBytesOfAServerThatDoesNotSpeakHttp2(String greeting) {
        peer.connected();

        peer.sendText(greeting);

        assertThat(peer.listened()).hasSize(1);
        assertThat(peer.listened().get(0))
                .contains("greeter.test:443 does not speak HTTP/2")
                .containsAnyOf("HTTP/1.1 400", "SSH-2.0", "\\x15\\x03\\x01");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void showsAGreetingThatIsShorterThanAFrame() {
        peer.connected();
        peer.sendText("oops");

        peer.close();

        assertThat(peer.listened()).hasSize(1);
        assertThat(peer.listened().get(0)).contains("does not speak HTTP/2").contains("\"oops\"");
    }

    @Test
    void refusesAnyOtherFirstFrame() {
        for (byte[] first : List.of(
                Frames.ping("0000000000000000"),
                Frames.settingsAck(),
                goAway(0),
                frame(Frames.SETTINGS, Frames.NO_FLAGS, 1, new byte[0]))) {
            ScriptedPeer other = new ScriptedPeer().connected();
            other.receive();

            other.send(first);

            assertThat(other.receive()).singleElement().asString().startsWith("GOAWAY 0 PROTOCOL_ERROR");
            other.verify();
        }
    }

    @Test
    void saysThatTheServerClosedBeforeItsSettings() {
        peer.connected();

        peer.close();

        assertThat(peer.listened())
                .containsExactly("terminated: greeter.test:443 closed the connection before it sent SETTINGS");
    }

    @Test
    void givesUpWhenTcpDoesNotComeUpInTime() {
        peer.with(TransportOptions.builder()
                        .connectTimeout(Duration.ofSeconds(3))
                        .build())
                .connecting();
        peer.advance(Duration.ofMillis(2999));
        assertThat(peer.listened()).isEmpty();

        peer.advance(Duration.ofMillis(1));

        assertThat(peer.listened())
                .containsExactly("terminated: connecting to greeter.test:443 timed out after 3000 ms waiting for TCP"
                        + " and TLS");
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void givesUpWhenSettingsDoNotComeInTime() {
        peer.connected();

        peer.advance(Duration.ofSeconds(20));

        assertThat(peer.listened())
                .containsExactly(
                        "terminated: connecting to greeter.test:443 timed out after 20000 ms waiting for SETTINGS");
    }

    @Test
    void hasNoTimeLimitOnceItIsReady() {
        peer.ready();

        peer.advance(Duration.ofDays(1));

        assertThat(peer.listened()).containsExactly("ready");
    }

    @Test
    void reportsARefusedConnection() {
        peer.connecting();

        peer.connection().onConnectFailure(new ConnectException("Connection refused: greeter.test"));

        assertThat(peer.listened()).containsExactly("terminated: connection to greeter.test:443 refused");
        peer.runTasks();
        assertThat(peer.isClosed()).isTrue();
    }

    @Test
    void reportsWhatTheSocketSaid() {
        peer.ready();

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(peer.listened())
                .containsExactly("ready", "terminated: connection to greeter.test:443 lost: Connection reset by peer");
    }

    @Test
    void canBeShutDownBeforeItIsUp() {
        for (boolean connected : new boolean[] {false, true}) {
            for (boolean now : new boolean[] {false, true}) {
                ScriptedPeer other = connected ? new ScriptedPeer().connected() : new ScriptedPeer().connecting();

                if (now) {
                    other.shutdownNow();
                } else {
                    other.shutdown();
                }

                assertThat(other.listened()).singleElement().asString().startsWith("terminated: shut down");
                assertThat(other.isClosed()).isTrue();
                other.verify();
            }
        }
    }

    @Test
    void gathersAllAnswersOfOneReadInOneFlush() {
        peer.ready();
        peer.start();
        peer.start();
        int flushes = peer.flushes();

        peer.send(join(Frames.ping("0000000000000001"), settings(), Frames.ping("0000000000000002")));

        assertThat(peer.flushes()).isEqualTo(flushes + 1);
        peer.send(response(1, ""), response(3, ""));
    }
}
