package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileConnection.DATA;
import static io.peregrine.client.hostile.HostileConnection.MAX_CONCURRENT_STREAMS;
import static io.peregrine.client.hostile.HostileConnection.PADDED;
import static io.peregrine.client.hostile.HostileStream.prefixed;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.InsecureCredentials;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The negative HTTP/2 cases of gRPC's interop test descriptions (HOSTILE.md 1.3), with their own names. */
class NegativeInteropIT {
    private static final int RESPONSE_BYTES = 314_159;

    /** A call, GOAWAY, a call: two connections, and nobody notices. */
    @Test
    void goaway() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.echo();
                    stream.connection().goAway(Integer.MAX_VALUE, 0, "");
                });
                ClientConn conn = connect(server)) {
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            server.connection(1).awaitEnd();

            RecordedCall second = RecordedCall.start(conn);

            assertThat(second.code()).isEqualTo(StatusCode.OK);
            second.assertEndedOnce();
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).isEqualTo(2);
        }
    }

    @Test
    void rstAfterHeader() throws Exception {
        assertResetFails(HostileStream::headers);
    }

    @Test
    void rstDuringData() throws Exception {
        assertResetFails(stream -> {
            stream.headers();
            stream.data(0, prefixed(0, RESPONSE_BYTES, new byte[1000]));
        });
    }

    @Test
    void rstAfterData() throws Exception {
        assertResetFails(stream -> {
            stream.headers();
            stream.message(new byte[1000]);
        });
    }

    /** D10: RST_STREAM with NO_ERROR before the trailers is INTERNAL. */
    private static void assertResetFails(Answer beforeReset) throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    if (stream.number() == 1) {
                        beforeReset.to(stream);
                        stream.reset(0);
                    } else {
                        stream.echo();
                    }
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.INTERNAL);
            assertThat(call.message()).contains("reset the stream: NO_ERROR");
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);
            assertThat(server.connections()).isEqualTo(1);
            assertThat(server.requests()).isEqualTo(2);
            call.assertEndedOnce();
        }
    }

    /** PINGs before and after the headers and the data are all answered, and the response arrives. */
    @Test
    void ping() throws Exception {
        try (HostileServer server = HostileServer.start(stream -> {
                    stream.connection().ping();
                    stream.headers();
                    stream.connection().ping();
                    stream.message(new byte[1000]);
                    stream.connection().ping();
                    stream.ok();
                    stream.connection().ping();
                });
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn);

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            server.connection(1).awaitPingAcks(4);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    /** MAX_CONCURRENT_STREAMS 1 and ten calls at once: all succeed, one after the other. */
    @Test
    void maxStreams() throws Exception {
        AtomicInteger open = new AtomicInteger();
        AtomicInteger mostOpen = new AtomicInteger();
        HostileServer.Script script = new HostileServer.Script() {
            @Override
            public void onPreface(HostileConnection connection) throws IOException {
                connection.settings(MAX_CONCURRENT_STREAMS, 1);
                connection.settingsAck();
            }

            @Override
            public void onHeaders(HostileStream stream) {
                mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
            }

            @Override
            public void onRequest(HostileStream stream) throws IOException {
                open.decrementAndGet();
                stream.echo();
            }
        };
        try (HostileServer server = HostileServer.start(script);
                ClientConn conn = connect(server)) {
            assertThat(RecordedCall.start(conn).code()).isEqualTo(StatusCode.OK);

            List<RecordedCall> calls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                calls.add(RecordedCall.start(conn));
            }

            for (RecordedCall call : calls) {
                assertThat(call.code()).isEqualTo(StatusCode.OK);
                call.assertEndedOnce();
            }
            assertThat(mostOpen).hasValue(1);
            assertThat(server.connections()).isEqualTo(1);
            assertThat(server.requests()).isEqualTo(11);
        }
    }

    /** 255 octets of padding to five of data: a client that does not credit padding would wait for ever. */
    @ParameterizedTest
    @ValueSource(ints = {255, 0})
    void dataFramePadding(int padding) throws Exception {
        byte[] response = prefixed(0, RESPONSE_BYTES, new byte[RESPONSE_BYTES]);
        try (HostileServer server = HostileServer.start(stream -> stream.connection()
                        .server()
                        .run("padder", () -> {
                            stream.headers();
                            for (int sent = 0; sent < response.length; sent += 5) {
                                byte[] frame = ByteBuffer.allocate(1 + Math.min(5, response.length - sent) + padding)
                                        .put((byte) padding)
                                        .put(response, sent, Math.min(5, response.length - sent))
                                        .array();
                                stream.connection().takeCredit(stream.id(), frame.length);
                                stream.connection().frame(DATA, PADDED, stream.id(), frame);
                            }
                            stream.ok();
                        }));
                ClientConn conn = connect(server)) {
            RecordedCall call = RecordedCall.start(conn, CallOptions.DEFAULT);

            assertThat(call.code()).isEqualTo(StatusCode.OK);
            assertThat(call.response()).hasSize(RESPONSE_BYTES);
        }
    }

    private interface Answer {
        void to(HostileStream stream) throws IOException;
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }
}
