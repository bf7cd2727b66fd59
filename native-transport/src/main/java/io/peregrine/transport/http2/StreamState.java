package io.peregrine.transport.http2;

/**
 * The client's view of one stream (RFC 9113 §5.1), less the two reserved states: push is disabled.
 *
 * <pre>
 *            send HEADERS            send END_STREAM
 *   IDLE ───────────────▶ OPEN ─────────────────────▶ HALF_CLOSED_LOCAL
 *     │                    │                                  │
 *     │ abandon            │ receive END_STREAM               │ receive END_STREAM
 *     ▼                    ▼                                  ▼
 *   CLOSED          HALF_CLOSED_REMOTE ─────────────────▶  CLOSED
 *                                      send END_STREAM
 * </pre>
 *
 * Any state moves to CLOSED on RST_STREAM in either direction, or when the connection fails.
 */
enum StreamState {
    IDLE,
    OPEN,
    HALF_CLOSED_LOCAL,
    HALF_CLOSED_REMOTE,
    CLOSED;

    StreamState sendHeaders() {
        return switch (this) {
            case IDLE -> OPEN;
            case OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, CLOSED -> throw illegal("send HEADERS");
        };
    }

    StreamState sendEndStream() {
        return switch (this) {
            case OPEN -> HALF_CLOSED_LOCAL;
            case HALF_CLOSED_REMOTE -> CLOSED;
            case IDLE, HALF_CLOSED_LOCAL, CLOSED -> throw illegal("send END_STREAM");
        };
    }

    /** The receiver looks the stream up first, so that a frame for a closed or idle stream never gets here. */
    StreamState receiveEndStream() {
        return switch (this) {
            case OPEN -> HALF_CLOSED_REMOTE;
            case HALF_CLOSED_LOCAL -> CLOSED;
            case IDLE, HALF_CLOSED_REMOTE, CLOSED -> throw illegal("receive END_STREAM");
        };
    }

    /** Whether our half still has something to say. */
    boolean isSending() {
        return this == OPEN || this == HALF_CLOSED_REMOTE;
    }

    private IllegalStateException illegal(String event) {
        return new IllegalStateException("event: " + event + ", state: " + this);
    }
}
