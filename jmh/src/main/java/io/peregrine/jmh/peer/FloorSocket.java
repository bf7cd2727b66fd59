package io.peregrine.jmh.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * What a machine lets a caller have that waits on its own socket: one plain blocking channel that exchanges a call's
 * bytes, with nothing parsed but the headers of frames. One thread at a time.
 */
public final class FloorSocket implements AutoCloseable {
    private static final int READ_BYTES = 1 << 18;

    private final SocketChannel channel;
    private final String address;
    private final ByteBuffer read = ByteBuffer.allocateDirect(READ_BYTES);
    private final ByteBuf readBytes = Unpooled.wrappedBuffer(read);
    private final ByteBuf replies = Unpooled.buffer();
    private final FloorScanner scanner = new FloorScanner(replies);
    private final ByteBuf request;
    private final ByteBuffer requestBytes;
    private int streamId = FloorFrames.FIRST_STREAM_ID;

    private FloorSocket(SocketChannel channel, String address, byte[] message) {
        this.channel = channel;
        this.address = address;
        this.request = FloorFrames.request(message);
        this.requestBytes = request.nioBuffer();
    }

    /**
     * Connects, over plaintext.
     *
     * @throws UncheckedIOException if it cannot
     */
    public static FloorSocket connect(ClientSetup setup) {
        try {
            InetSocketAddress address = FloorClient.plaintextAddress(setup);
            SocketChannel channel = SocketChannel.open(address);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            FloorSocket socket = new FloorSocket(channel, setup.address(), new byte[Payload.BYTES]);
            socket.write(FloorFrames.preface().nioBuffer());
            return socket;
        } catch (IOException failure) {
            throw new UncheckedIOException("connect to " + setup.address() + ": " + failure.getMessage(), failure);
        }
    }

    /** Sends a request and waits for the end of its response. */
    void call() {
        try {
            if (streamId == FloorFrames.FIRST_STREAM_ID) {
                write(FloorFrames.firstRequest(address, Payload.METHOD, new byte[Payload.BYTES])
                        .nioBuffer());
            } else {
                FloorFrames.setStreamId(request, streamId);
                write(requestBytes.rewind());
            }
            awaitEnd();
        } catch (IOException failure) {
            throw new UncheckedIOException("call to " + address + ": " + failure.getMessage(), failure);
        }
    }

    /** Sends a request for messages and waits for the end of the response, with all of them. Not with {@link #call}. */
    public void receive(String method, byte[] order) {
        try {
            ByteBuf first = FloorFrames.firstRequest(address, method, order);
            if (streamId == FloorFrames.FIRST_STREAM_ID) {
                write(first.nioBuffer());
            } else {
                ByteBuf next = FloorFrames.request(order);
                FloorFrames.setStreamId(next, streamId);
                write(next.nioBuffer());
            }
            awaitEnd();
        } catch (IOException failure) {
            throw new UncheckedIOException("call to " + address + ": " + failure.getMessage(), failure);
        }
    }

    private void awaitEnd() throws IOException {
        streamId += FloorFrames.STREAM_ID_STEP;
        int ended = 0;
        while (ended == 0) {
            read.clear();
            int bytes = channel.read(read);
            if (bytes < 0) {
                throw new EOFException("the server closed the connection");
            }
            ended = scanner.scan(readBytes.setIndex(0, bytes));
            if (replies.isReadable()) {
                write(replies.nioBuffer());
                replies.clear();
            }
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException failure) {
            throw new UncheckedIOException("close of " + address + ": " + failure.getMessage(), failure);
        }
    }
}
