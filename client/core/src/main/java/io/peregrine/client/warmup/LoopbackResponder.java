package io.peregrine.client.warmup;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A server for one connection from this process: answers every request with the same message and OK (RFC 9113, and
 * gRPC's mapping onto it). It reads no header, since all calls are of one method, and needs no window of its client:
 * what is under way at a time is less than the smallest.
 *
 * <p>On a thread of its own, with blocking sockets; what the client sees of it are bytes, as of any server.
 */
final class LoopbackResponder implements AutoCloseable, Runnable {
    private static final System.Logger LOG = System.getLogger(LoopbackResponder.class.getName());

    private static final int PREFACE_BYTES = 24;
    private static final int MAX_FRAME_BYTES = 16_384;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int WINDOW_UPDATE = 8;

    /** END_STREAM of DATA and HEADERS, ACK of SETTINGS and PING. */
    private static final int END_STREAM_OR_ACK = 1;

    private static final int END_HEADERS = 4;

    /** {@code :status: 200}, and content-type for the dynamic table (RFC 7541 §6.2.1), where trailers follow it. */
    private static final byte[] FIRST_HEADERS = concat(new byte[] {(byte) 0x88, 0x5F, 16}, "application/grpc");

    /** {@code grpc-status: 0} for the dynamic table. */
    private static final byte[] FIRST_TRAILERS = concat(new byte[] {0x40, 11}, "grpc-status\1" + '0');

    /** The same from the tables: entries 63 and 62, the newest first. */
    private static final byte[] HEADERS_BLOCK = {(byte) 0x88, (byte) 0xBF};

    private static final byte[] TRAILERS_BLOCK = {(byte) 0xBE};

    private final ServerSocket listener;
    private final byte[] response;
    private boolean inTables;

    private LoopbackResponder(ServerSocket listener, byte[] response) {
        this.listener = listener;
        this.response = response;
    }

    /** Listens on a free port; {@code response} is a message with its prefix. */
    static LoopbackResponder start(byte[] response) {
        try {
            LoopbackResponder responder =
                    new LoopbackResponder(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()), response);
            Thread thread = new Thread(responder, "peregrine-warm-up");
            thread.setDaemon(true);
            thread.start();
            return responder;
        } catch (IOException e) {
            throw new IllegalStateException("no port on the loopback address to warm up with: " + e.getMessage(), e);
        }
    }

    String hostPort() {
        String host = listener.getInetAddress().getHostAddress();
        return (host.contains(":") ? '[' + host + ']' : host) + ':' + listener.getLocalPort();
    }

    /** Accepts no connection any more; the one there is ends when its client closes it. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing the warm-up''s port failed: {0}", e.getMessage());
        }
    }

    @Override
    public void run() {
        try (Socket socket = listener.accept()) {
            listener.close();
            socket.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            frame(out, SETTINGS, 0, 0, 0);
            out.flush();
            in.skipNBytes(PREFACE_BYTES);
            while (true) {
                answer(in, out);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        } catch (EOFException clientClosed) {
            LOG.log(System.Logger.Level.DEBUG, "the warm-up is over");
        } catch (IOException e) {
            // The client sees its connection end, and fails the calls that were under way.
            LOG.log(System.Logger.Level.DEBUG, "the warm-up''s connection ended: {0}", e.getMessage());
        }
    }

    private void answer(DataInputStream in, DataOutputStream out) throws IOException {
        int lengthAndType = in.readInt();
        int length = lengthAndType >>> 8;
        int type = lengthAndType & 0xFF;
        int flags = in.readUnsignedByte();
        int streamId = in.readInt();
        byte[] payload = in.readNBytes(length);
        boolean endOrAck = (flags & END_STREAM_OR_ACK) != 0;
        switch (type) {
            case DATA -> {
                if (length > 0) {
                    credit(out, 0, length);
                    if (!endOrAck) {
                        credit(out, streamId, length);
                    }
                }
                if (endOrAck) {
                    respond(out, streamId);
                }
            }
            case SETTINGS -> {
                if (!endOrAck) {
                    frame(out, SETTINGS, END_STREAM_OR_ACK, 0, 0);
                }
            }
            case PING -> {
                if (!endOrAck) {
                    frame(out, PING, END_STREAM_OR_ACK, 0, length);
                    out.write(payload);
                }
            }
            default -> {
                // A unary request ends with DATA; of the other frames none asks for an answer (RFC 9113 §4.1).
            }
        }
    }

    private static void credit(DataOutputStream out, int streamId, int bytes) throws IOException {
        frame(out, WINDOW_UPDATE, 0, streamId, 4);
        out.writeInt(bytes);
    }

    private void respond(DataOutputStream out, int streamId) throws IOException {
        block(out, END_HEADERS, streamId, inTables ? HEADERS_BLOCK : FIRST_HEADERS);
        for (int sent = 0; sent < response.length; sent += MAX_FRAME_BYTES) {
            int bytes = Math.min(MAX_FRAME_BYTES, response.length - sent);
            frame(out, DATA, 0, streamId, bytes);
            out.write(response, sent, bytes);
        }
        block(out, END_HEADERS | END_STREAM_OR_ACK, streamId, inTables ? TRAILERS_BLOCK : FIRST_TRAILERS);
        inTables = true;
    }

    private static void block(DataOutputStream out, int flags, int streamId, byte[] octets) throws IOException {
        frame(out, HEADERS, flags, streamId, octets.length);
        out.write(octets);
    }

    private static void frame(DataOutputStream out, int type, int flags, int streamId, int length) throws IOException {
        out.writeInt(length << 8 | type);
        out.writeByte(flags);
        out.writeInt(streamId);
    }

    private static byte[] concat(byte[] start, String text) {
        byte[] end = text.getBytes(StandardCharsets.US_ASCII);
        byte[] whole = new byte[start.length + end.length];
        System.arraycopy(start, 0, whole, 0, start.length);
        System.arraycopy(end, 0, whole, start.length, end.length);
        return whole;
    }
}
