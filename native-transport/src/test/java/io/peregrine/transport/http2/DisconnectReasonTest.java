package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.goAway;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.handler.codec.http2.Http2Error;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC SC-11: what put an end to a connection, in the words of gRFC A94. */
class DisconnectReasonTest {
    @RegisterExtension
    final ScriptedPeer peer = new ScriptedPeer();

    // ---- The words -------------------------------------------------------------------------------------------

    @Test
    void sc11AGoAwayIsNamedByItsCode() {
        assertThat(DisconnectReason.goAway(0).label()).isEqualTo("GOAWAY NO_ERROR");
        assertThat(DisconnectReason.goAway(0xb).label()).isEqualTo("GOAWAY ENHANCE_YOUR_CALM");
        for (Http2Error error : Http2Error.values()) {
            assertThat(DisconnectReason.goAway(error.code())).hasToString("GOAWAY " + error.name());
        }
    }

    @ParameterizedTest
    @CsvSource({"14", "-1", "4294967295", "9223372036854775807"})
    void sc11CodesThatDoNotExistMakeNoMoreWords(long code) {
        assertThat(DisconnectReason.goAway(code)).isSameAs(DisconnectReason.goAway(Http2Error.INTERNAL_ERROR.code()));
    }

    @ParameterizedTest
    @CsvSource({
        "Connection reset,                   connection reset",
        "Connection reset by peer,           connection reset",
        "Connection timed out,               connection timed out",
        "Software caused connection abort,   connection aborted",
        "Broken pipe,                        socket error",
        "No route to host,                   socket error"
    })
    void sc11WhatTheJdkSaysOfASocketIsTakenByItsText(String text, String label) {
        assertThat(DisconnectReason.of(new SocketException(text)).label()).isEqualTo(label);
    }

    @ParameterizedTest
    @CsvSource({
        "-104, connection reset",
        "-110, connection timed out",
        "-103, connection aborted",
        "-32,  socket error",
        "-113, socket error"
    })
    void sc11WhatTheKernelSaysOfASocketIsTakenByItsNumber(int number, String label) {
        assumeTrue(Epoll.isAvailable());
        assertThat(DisconnectReason.of(new NativeIoException("recv", number)).label())
                .isEqualTo(label);
    }

    @Test
    void sc11WhatIsNoFailureOfASocketIsUnknown() {
        assertThat(DisconnectReason.of(null)).isSameAs(DisconnectReason.UNKNOWN);
        assertThat(DisconnectReason.of(new SSLException("connection reset by a bad record")))
                .isSameAs(DisconnectReason.UNKNOWN);
        assertThat(DisconnectReason.of(new IllegalStateException("connection reset")))
                .isSameAs(DisconnectReason.UNKNOWN);
        assertThat(DisconnectReason.of(new IOException())).isSameAs(DisconnectReason.SOCKET_ERROR);
    }

    // ---- The first cause wins --------------------------------------------------------------------------------

    @Test
    void sc11AGoAwayComesBeforeTheResetThatFollows() {
        peer.ready();
        peer.start();
        peer.send(goAway(1, Http2Error.ENHANCE_YOUR_CALM.code(), ""));
        peer.send(goAway(1));

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(peer.disconnects()).containsExactly(DisconnectReason.goAway(Http2Error.ENHANCE_YOUR_CALM.code()));
    }

    @Test
    void sc11AResetIsOne() {
        peer.ready();

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(peer.disconnects()).containsExactly(DisconnectReason.CONNECTION_RESET);
    }

    @Test
    void sc11AServerThatClosesWithoutAWordIsUnknown() {
        peer.ready();

        peer.close();

        assertThat(peer.disconnects()).containsExactly(DisconnectReason.UNKNOWN);
    }

    @Test
    void sc11AKeepaliveThatIsNotAnsweredIsATimeout() {
        peer.with(TransportOptions.builder()
                        .keepAlive(new KeepAliveOptions(Duration.ofMinutes(1), Duration.ofSeconds(20), true))
                        .build())
                .ready();

        peer.advance(Duration.ofMinutes(1));
        peer.advance(Duration.ofSeconds(20));

        assertThat(peer.disconnects()).containsExactly(DisconnectReason.CONNECTION_TIMED_OUT);
    }

    @Test
    void sc11ADrainThatThisSideBeganIsItsOwnWhateverFollows() {
        peer.ready();
        peer.start();
        peer.shutdown();

        peer.fail(new IOException("Connection reset by peer"));

        assertThat(peer.disconnects()).containsExactly(DisconnectReason.SUBCHANNEL_SHUTDOWN);
    }
}
