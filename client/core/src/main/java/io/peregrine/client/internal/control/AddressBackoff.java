package io.peregrine.client.internal.control;

import java.util.function.LongSupplier;

/**
 * When an address may be connected to again (SPEC SC-5, D3; HOSTILE.md P15). It outlives the subchannels of its
 * address, since a policy may make a new one for each pass.
 *
 * <p>A connection is a success once it has carried a response, or has lived for as long as the delay that its failure
 * would have caused. One that ends sooner was of no use, whatever its handshake said. The first in a row is forgiven,
 * because a call that its GOAWAY refuses is to be sent again at once (RT-8) and a server that is restarted does no
 * worse; each further one counts as a failed attempt. So a server that accepts and then says GOAWAY is reconnected to
 * once without a delay, and after that in the backoff's rhythm.
 *
 * <p>Confined to the channel's serialised context.
 */
public final class AddressBackoff {
    private final LongSupplier clockNs;
    private final Backoff delays;
    private long startNs;
    private long delayNs;
    private long notBeforeNs;
    private String lastReason = "";
    private boolean holdsOff;
    private boolean forgave;

    /** An address that may be connected to at once, on the clock of {@link System#nanoTime()}. */
    public AddressBackoff() {
        this(System::nanoTime, new Backoff());
    }

    AddressBackoff(LongSupplier clockNs, Backoff delays) {
        this.clockNs = clockNs;
        this.delays = delays;
    }

    /** The time on the clock of the backoff. Any thread. */
    public long nanoTime() {
        return clockNs.getAsLong();
    }

    /** The time until the next attempt may start, in nanoseconds; not positive if it may start now. */
    public long remainingNs() {
        return holdsOff ? notBeforeNs - clockNs.getAsLong() : 0;
    }

    /** Why the last attempt failed, or the last connection was of no use; empty before the first. */
    public String lastReason() {
        return lastReason;
    }

    /** An attempt starts. Returns the delay that its failure would cause, in nanoseconds: it may take as long. */
    public long begin() {
        holdsOff = false;
        startNs = clockNs.getAsLong();
        delayNs = delays.nextDelayNs();
        return delayNs;
    }

    /** A connection has carried a response. */
    public void onUseful() {
        reset();
    }

    /** The attempt failed. Returns the time until the next may start, in nanoseconds; it may be negative. */
    public long onFailed(String reason) {
        holdsOff = true;
        lastReason = reason;
        notBeforeNs = startNs + delayNs;
        return remainingNs();
    }

    /**
     * A connection was lost, or takes no more streams.
     *
     * @param ofUse whether it carried a response, or lived for as long as its failure would have delayed the next
     */
    public void onLost(String reason, boolean ofUse) {
        if (ofUse) {
            reset();
        } else if (forgave) {
            onFailed(reason);
        } else {
            forgave = true;
        }
    }

    /** One that is like this and knows of nothing that went wrong: for connections whose failure is not the address's. */
    public AddressBackoff fresh() {
        return new AddressBackoff(clockNs, delays.fresh());
    }

    /** Forgets what went wrong: the next attempt may start at once, and its delay is the first (SPEC SC-6). */
    public void forgive() {
        holdsOff = false;
        reset();
    }

    private void reset() {
        delays.reset();
        forgave = false;
    }
}
