package io.peregrine.load.serve;

/**
 * The bytes of DATA that the peer may send us (RFC 9113 §6.9), for one stream or for the connection.
 *
 * <p>Credit goes back in one WINDOW_UPDATE each time half of the window is used, so {@code used <= size}
 * always holds for a peer that keeps to the rules.
 */
final class ReceiveWindow {
    private int size;
    private int used;

    void open(int windowBytes) {
        size = windowBytes;
        used = 0;
    }

    /** Counts received bytes; returns false when the peer sent more than the window allowed. */
    boolean consume(int bytes) {
        used += bytes;
        return used <= size;
    }

    /** Returns the credit to give back now, or 0 while less than half of the window is used. */
    int takeCredit() {
        if (used < size >> 1) {
            return 0;
        }
        int credit = used;
        used = 0;
        return credit;
    }
}
