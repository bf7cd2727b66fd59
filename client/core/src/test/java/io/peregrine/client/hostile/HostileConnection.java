package io.peregrine.client.hostile;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** One connection of a {@link HostileServer}: frames out, and a record of the frames that came in. */
final class HostileConnection {
    static final int DATA = 0x0;
    static final int HEADERS = 0x1;
    static final int RST_STREAM = 0x3;
    static final int SETTINGS = 0x4;
    static final int PING = 0x6;
    static final int GOAWAY = 0x7;
    static final int WINDOW_UPDATE = 0x8;

    static final int END_STREAM = 0x1;
    static final int ACK = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;

    static final int MAX_CONCURRENT_STREAMS = 0x3;
    static final int INITIAL_WINDOW_SIZE = 0x4;

    private static final int PREFACE_BYTES = 24;
    private static final int DEFAULT_WINDOW = 65_535;

    private final HostileServer server;
    private final Socket socket;
    private final int number;
    private final CountDownLatch abandoned = new CountDownLatch(1);
    private final Map<Integer, HostileStream> streams = new HashMap<>();

    // Guarded by the server's lock.
    private final List<Integer> goAways = new ArrayList<>();
    private final Map<Integer, Integer> resets = new HashMap<>();
    private final Map<Integer, Long> credits = new HashMap<>();
    private int initialWindow = DEFAULT_WINDOW;
    private int settingsAcks;
    private int pingAcks;
    private boolean ended;

    HostileConnection(HostileServer server, Socket socket, int number) {
        this.server = server;
        this.socket = socket;
        this.number = number;
    }

    /** From 1, in the order in which the server accepted them. */
    int number() {
        return number;
    }

    HostileServer server() {
        return server;
    }

    // ---- What came in ----------------------------------------------------------------------------------------

    /** The error codes of the client's GOAWAYs. */
    List<Integer> goAways() {
        return server.locked(() -> List.copyOf(goAways));
    }

    /** Waits for the client's RST_STREAM and returns its error code. */
    int awaitReset(int streamId) throws InterruptedException {
        server.await("RST_STREAM of " + streamId, () -> resets.containsKey(streamId));
        return server.locked(() -> resets.get(streamId));
    }

    int resets() {
        return server.locked(resets::size);
    }

    void awaitSettingsAcks(int count) throws InterruptedException {
        server.await(count + " SETTINGS ACKs", () -> settingsAcks >= count);
    }

    void awaitPingAcks(int count) throws InterruptedException {
        server.await(count + " PING ACKs", () -> pingAcks >= count);
    }

    /** Waits until the client has ended the connection. */
    void awaitEnd() throws InterruptedException {
        server.await("end of connection " + number, () -> ended);
    }

    boolean hasEnded() {
        return server.locked(() -> ended);
    }

    // ---- What goes out ---------------------------------------------------------------------------------------

    /** SETTINGS of ids and values in turn. */
    void settings(int... idsAndValues) throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(idsAndValues.length * 3);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            payload.putShort((short) idsAndValues[i]).putInt(idsAndValues[i + 1]);
        }
        frame(SETTINGS, 0, 0, payload.array());
    }

    void settingsAck() throws IOException {
        frame(SETTINGS, ACK, 0);
    }

    void goAway(int lastStreamId, int errorCode, String debugData) throws IOException {
        byte[] debug = debugData.getBytes(StandardCharsets.UTF_8);
        frame(
                GOAWAY,
                0,
                0,
                ByteBuffer.allocate(8 + debug.length)
                        .putInt(lastStreamId)
                        .putInt(errorCode)
                        .put(debug)
                        .array());
    }

    void windowUpdate(int streamId, int bytes) throws IOException {
        frame(WINDOW_UPDATE, 0, streamId, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    void ping() throws IOException {
        frame(PING, 0, 0, new byte[8]);
    }

    void frame(int type, int flags, int streamId, byte... payload) throws IOException {
        write(ByteBuffer.allocate(9 + payload.length)
                .putInt((payload.length << 8) | type)
                .put((byte) flags)
                .putInt(streamId)
                .put(payload)
                .array());
    }

    /** Octets as they are. */
    void write(byte[] octets) throws IOException {
        synchronized (socket) {
            OutputStream out = socket.getOutputStream();
            out.write(octets);
            out.flush();
        }
    }

    /** Waits until the client's windows let so many bytes of DATA through, and takes them. */
    void takeCredit(int streamId, int bytes) throws InterruptedException {
        server.await("window of " + bytes, () -> credit(0) >= bytes && credit(streamId) >= bytes);
        server.change(() -> {
            credits.merge(0, (long) -bytes, Long::sum);
            credits.merge(streamId, (long) -bytes, Long::sum);
        });
    }

    private long credit(int streamId) {
        return (streamId == 0 ? DEFAULT_WINDOW : initialWindow) + credits.getOrDefault(streamId, 0L);
    }

    /** FIN, and nothing more is read. */
    void close() throws IOException {
        socket.close();
    }

    /** FIN, but the server goes on reading. */
    void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** RST. */
    void cut() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Reads no more until the server closes; for the connection's own thread. */
    void stopReading() throws InterruptedException {
        abandoned.await();
    }

    void abandon() {
        try {
            // First, or a reader that is let go would read what the client has sent meanwhile.
            socket.close();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        } finally {
            abandoned.countDown();
        }
    }

    // ---- The thread that reads -------------------------------------------------------------------------------

    void serve() throws IOException, InterruptedException {
        try {
            server.script().onAccept(this);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.readFully(new byte[PREFACE_BYTES]);
            boolean first = true;
            while (true) {
                receive(in);
                if (first) {
                    server.script().onPreface(this);
                    first = false;
                }
            }
        } catch (EOFException fin) {
            // The client is done.
            return;
        } finally {
            server.change(() -> ended = true);
        }
    }

    private void receive(DataInputStream in) throws IOException, InterruptedException {
        int lengthAndType = in.readInt();
        int flags = in.readUnsignedByte();
        int streamId = in.readInt();
        byte[] payload = new byte[lengthAndType >>> 8];
        in.readFully(payload);
        switch (lengthAndType & 0xFF) {
            case HEADERS -> {
                HostileStream stream = new HostileStream(this, streamId, server.nextRequest());
                streams.put(streamId, stream);
                server.script().onHeaders(stream);
                end(stream, flags);
            }
            case DATA -> {
                HostileStream stream = streams.get(streamId);
                if (stream == null) {
                    throw new AssertionError("DATA of stream " + streamId + ", which is idle");
                }
                stream.receive(payload);
                server.script().onData(stream, payload.length);
                end(stream, flags);
            }
            case RST_STREAM ->
                server.change(
                        () -> resets.put(streamId, ByteBuffer.wrap(payload).getInt()));
            case GOAWAY ->
                server.change(() -> goAways.add(ByteBuffer.wrap(payload).getInt(4)));
            case WINDOW_UPDATE ->
                server.change(() ->
                        credits.merge(streamId, (long) ByteBuffer.wrap(payload).getInt(), Long::sum));
            case SETTINGS -> receiveSettings(flags, ByteBuffer.wrap(payload));
            case PING -> server.change(() -> pingAcks += flags & ACK);
            default -> {
                // Nothing that a test asks for.
            }
        }
    }

    private void receiveSettings(int flags, ByteBuffer payload) {
        server.change(() -> {
            settingsAcks += flags & ACK;
            while (payload.hasRemaining()) {
                int id = payload.getShort();
                int value = payload.getInt();
                initialWindow = id == INITIAL_WINDOW_SIZE ? value : initialWindow;
            }
        });
    }

    private void end(HostileStream stream, int flags) throws IOException, InterruptedException {
        if ((flags & END_STREAM) != 0) {
            server.script().onRequest(stream);
        }
    }

    /** A header block of literals that no table remembers (RFC 7541 §6.2.2); values are octets, as ISO 8859-1. */
    static byte[] block(String... namesAndValues) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            block.write(0);
            string(block, namesAndValues[i]);
            string(block, namesAndValues[i + 1]);
        }
        return block.toByteArray();
    }

    private static void string(ByteArrayOutputStream block, String text) {
        byte[] octets = text.getBytes(StandardCharsets.ISO_8859_1);
        int rest = octets.length;
        if (rest < 127) {
            block.write(rest);
        } else {
            block.write(127);
            for (rest -= 127; rest >= 128; rest >>>= 7) {
                block.write((rest & 127) | 128);
            }
            block.write(rest);
        }
        block.writeBytes(octets);
    }

    @Override
    public String toString() {
        return "connection " + number + (ended ? " (ended)" : "");
    }
}
