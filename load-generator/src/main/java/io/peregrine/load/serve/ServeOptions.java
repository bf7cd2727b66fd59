package io.peregrine.load.serve;

import io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;

/**
 * What the echo back end listens on and how it answers.
 *
 * @param host the address to bind; a name or a literal
 * @param port the port to bind, 0..65535; 0 takes an ephemeral one
 * @param delayNs how long an answer is held back after the request is complete, in nanoseconds; 0 for none
 * @param responseBytes the size of every answer's message, or {@link #ECHO} to return the request's bytes
 * @param threads the number of event loops, at least 1
 * @param tls the TLS context, or null for plaintext
 */
public record ServeOptions(
        String host,
        int port,
        long delayNs,
        int responseBytes,
        int threads,
        @Nullable SslContext tls) {
    /** The value of {@link #responseBytes} that returns the request's own message. */
    public static final int ECHO = -1;

    /** The largest message that the back end takes or sends, in bytes. */
    public static final int MAX_MESSAGE_BYTES = 64 << 20;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public ServeOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0..65535)");
        }
        if (delayNs < 0) {
            throw new IllegalArgumentException("delayNs: " + delayNs + " (expected: >= 0)");
        }
        if (responseBytes < ECHO || responseBytes > MAX_MESSAGE_BYTES) {
            throw new IllegalArgumentException(
                    "responseBytes: " + responseBytes + " (expected: 0.." + MAX_MESSAGE_BYTES + ", or -1 to echo)");
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + " (expected: >= 1)");
        }
    }

    /** An immediate plaintext echo on an ephemeral loopback port, on one event loop. */
    public static ServeOptions embedded() {
        return new ServeOptions("127.0.0.1", 0, 0, ECHO, 1, null);
    }

    /** These options over TLS. */
    public ServeOptions withTls(SslContext context) {
        return new ServeOptions(host, port, delayNs, responseBytes, threads, context);
    }
}
