package io.peregrine.load.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rules of RFC 9113 that a well-behaved client does not exercise, frame by frame over a socket. */
class EchoProtocolIT {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GO_AWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int ACK = 1;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    private EchoServer server;
    private Socket socket;
    private DataOutputStream out;
    private DataInputStream in;

    @BeforeEach
    void connect() throws IOException {
        server = EchoServer.start(ServeOptions.embedded());
        socket = new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout(10_000);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    @AfterEach
    void disconnect() throws IOException {
        socket.close();
        server.close();
    }

    @Test
    void answersAPingWithItsPayload() throws IOException {
        handshake();

        frame(PING, 0, 0, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});

        Frame pong = next(PING);
        assertThat(pong.flags).isEqualTo(ACK);
        assertThat(pong.payload).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void refusesAContentTypeThatIsNotGrpcWith415() throws IOException {
        handshake();

        frame(HEADERS, END_HEADERS | END_STREAM, 1, request("POST", "text/plain"));

        Frame answer = next(HEADERS);
        assertThat(answer.flags & END_STREAM).isEqualTo(END_STREAM);
        assertThat(new String(answer.payload, StandardCharsets.US_ASCII)).endsWith("415");
    }

    @Test
    void refusesAMethodThatIsNotPostWith405() throws IOException {
        handshake();

        frame(HEADERS, END_HEADERS | END_STREAM, 1, request("PUT", "application/grpc"));

        assertThat(new String(next(HEADERS).payload, StandardCharsets.US_ASCII)).endsWith("405");
    }

    @Test
    void sendsNoMoreThanTheInitialWindowUntilCreditArrives() throws IOException {
        handshake(0x4, 10);
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, message(20));
        assertThat(next(HEADERS).flags & END_STREAM).isZero();
        assertThat(next(DATA).payload).hasSize(10);

        frame(WINDOW_UPDATE, 0, 1, intBytes(7));
        assertThat(next(DATA).payload).hasSize(7);
        frame(WINDOW_UPDATE, 0, 1, intBytes(100));

        assertThat(next(DATA).payload).hasSize(8);
        assertThat(next(HEADERS).flags & END_STREAM).isEqualTo(END_STREAM);
    }

    @Test
    void appliesAChangedInitialWindowToOpenStreams() throws IOException {
        handshake(0x4, 10);
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, message(20));
        assertThat(next(DATA).payload).hasSize(10);

        frame(SETTINGS, 0, 0, setting(0x4, 15));

        assertThat(next(DATA).payload).hasSize(5);
    }

    @Test
    void encodesWithoutTheDynamicTableForAPeerThatAllowsNone() throws IOException {
        handshake(0x1, 0);

        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, message(3));
        byte[] first = next(HEADERS).payload;
        byte[] trailers = next(HEADERS).payload;

        assertThat(first[0]).as("dynamic table size update to 0").isEqualTo((byte) 0x20);
        assertThat(first[1]).as(":status 200").isEqualTo((byte) 0x88);
        assertThat(trailers[0]).as("literal without indexing").isZero();
    }

    @Test
    void answersInThreeIndexedBytesOnceTheTableIsFilled() throws IOException {
        handshake();
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, message(3));
        next(HEADERS);
        next(HEADERS);

        frame(HEADERS, END_HEADERS, 3, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 3, message(3));

        assertThat(next(HEADERS).payload).containsExactly(0x88, 0x80 | 63);
        assertThat(next(HEADERS).payload).containsExactly(0x80 | 62);
    }

    @Test
    void failsATornMessageAsInternal() throws IOException {
        handshake();
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, new byte[] {0, 0, 0, 0, 9, 1});

        assertThat(new String(next(HEADERS).payload, StandardCharsets.US_ASCII))
                .contains("grpc-status")
                .contains("13");
    }

    @Test
    void ignoresDataThatWasInFlightWhenTheClientReset() throws IOException {
        handshake();
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(RST_STREAM, 0, 1, intBytes(8));
        frame(DATA, END_STREAM, 1, message(3));

        frame(PING, 0, 0, new byte[8]);

        assertThat(nextAny().type)
                .as("DATA of a stream that was reset is ignored")
                .isEqualTo(PING);
    }

    @Test
    void closesWithGoAwayOnDataOfAnIdleStream() throws IOException {
        handshake();

        frame(DATA, END_STREAM, 5, message(3));

        assertThat(errorCode(next(GO_AWAY))).isEqualTo(1);
        assertThat(in.read()).isEqualTo(-1);
    }

    @Test
    void closesWithGoAwayOnAFrameAboveTheMaximum() throws IOException {
        handshake();

        frame(PING, 0, 0, new byte[20_000]);

        assertThat(errorCode(next(GO_AWAY))).as("FRAME_SIZE_ERROR").isEqualTo(6);
    }

    @Test
    void closesAConnectionThatIsNotHttp2() throws IOException {
        out.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();

        assertThat(errorCode(next(GO_AWAY))).isEqualTo(1);
        assertThat(in.read()).isEqualTo(-1);
    }

    @Test
    void saysGoAwayWhenItStops() throws IOException {
        handshake();
        frame(HEADERS, END_HEADERS, 1, request("POST", "application/grpc"));
        frame(DATA, END_STREAM, 1, message(3));
        next(DATA);

        server.close();

        Frame goAway = next(GO_AWAY);
        assertThat(goAway.payload[3]).as("last stream").isEqualTo((byte) 1);
        assertThat(errorCode(goAway)).isZero();
    }

    private void handshake() throws IOException {
        handshake(0x4, 65_535);
    }

    private void handshake(int setting, int value) throws IOException {
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, setting(setting, value));
        assertThat(next(SETTINGS).flags).isZero();
        Frame ack = next(SETTINGS);
        assertThat(ack.flags).isEqualTo(ACK);
        frame(SETTINGS, ACK, 0, new byte[0]);
    }

    private void frame(int type, int flags, int streamId, byte[] payload) throws IOException {
        out.writeByte(payload.length >> 16);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(streamId);
        out.write(payload);
        out.flush();
    }

    /** The next frame of the type; frames of other types in between are skipped. */
    private Frame next(int type) throws IOException {
        Frame frame = nextAny();
        while (frame.type != type) {
            frame = nextAny();
        }
        return frame;
    }

    private Frame nextAny() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        in.readInt();
        return new Frame(type, flags, in.readNBytes(length));
    }

    private static byte[] request(String method, String contentType) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        literal(block, ":method", method);
        literal(block, ":scheme", "http");
        literal(block, ":path", "/a.B/C");
        literal(block, ":authority", "localhost");
        literal(block, "content-type", contentType);
        literal(block, "te", "trailers");
        return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        block.write(name.length());
        block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        block.write(value.length());
        block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] message(int bytes) {
        byte[] framed = new byte[5 + bytes];
        framed[4] = (byte) bytes;
        return framed;
    }

    private static byte[] setting(int id, int value) {
        return new byte[] {0, (byte) id, (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }

    private static byte[] intBytes(int value) {
        return new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }

    private static int errorCode(Frame goAwayOrReset) {
        return goAwayOrReset.payload[goAwayOrReset.payload.length - 1];
    }

    private static final class Frame {
        final int type;
        final int flags;
        final byte[] payload;

        Frame(int type, int flags, byte[] payload) {
            this.type = type;
            this.flags = flags;
            this.payload = payload;
        }
    }
}
