package io.peregrine.client.hostile;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** One stream of a {@link HostileServer}; its sending half is what the test makes of it. */
final class HostileStream {
    static final String[] GRPC = {":status", "200", "content-type", "application/grpc"};

    static final int REFUSED_STREAM = 0x7;

    private static final int PREFIX_BYTES = 5;

    private final HostileConnection connection;
    private final int id;
    private final int number;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private byte[] lastData = {};

    HostileStream(HostileConnection connection, int id, int number) {
        this.connection = connection;
        this.id = id;
        this.number = number;
    }

    HostileConnection connection() {
        return connection;
    }

    int id() {
        return id;
    }

    /** Which request of the whole server it is, from 1. */
    int number() {
        return number;
    }

    void receive(byte[] data) {
        lastData = data;
        body.writeBytes(data);
    }

    /** The payload of the DATA frame that was read last. */
    byte[] lastData() {
        return lastData;
    }

    /** What came of the request so far, with the prefixes of its messages. */
    byte[] received() {
        return body.toByteArray();
    }

    /** The request, echoed with OK. */
    void echo() throws IOException {
        headers();
        message(Arrays.copyOfRange(body.toByteArray(), PREFIX_BYTES, body.size()));
        ok();
    }

    /** The response headers of gRPC. */
    void headers() throws IOException {
        block(0, GRPC);
    }

    /** Response headers. */
    void headers(String... namesAndValues) throws IOException {
        block(0, namesAndValues);
    }

    /** A header block that ends the stream. */
    void trailers(String... namesAndValues) throws IOException {
        block(HostileConnection.END_STREAM, namesAndValues);
    }

    void ok() throws IOException {
        trailers("grpc-status", "0");
    }

    /** One DATA frame with a message in it. */
    void message(byte... message) throws IOException {
        data(0, prefixed(0, message.length, message));
    }

    void data(int flags, byte... payload) throws IOException {
        connection.frame(HostileConnection.DATA, flags, id, payload);
    }

    void reset(int errorCode) throws IOException {
        connection.frame(
                HostileConnection.RST_STREAM,
                0,
                id,
                ByteBuffer.allocate(4).putInt(errorCode).array());
    }

    /** gRPC's prefix with a length that need not be true, and what follows it. */
    static byte[] prefixed(int flag, int length, byte... following) {
        return ByteBuffer.allocate(PREFIX_BYTES + following.length)
                .put((byte) flag)
                .putInt(length)
                .put(following)
                .array();
    }

    private void block(int flags, String... namesAndValues) throws IOException {
        connection.frame(
                HostileConnection.HEADERS,
                flags | HostileConnection.END_HEADERS,
                id,
                HostileConnection.block(namesAndValues));
    }
}
