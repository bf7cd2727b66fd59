package io.peregrine.client.internal.control;

import io.peregrine.testkit.VirtualTimer;

/** Backoffs in virtual time, for tests outside of this package. */
public final class TestBackoffs {
    private TestBackoffs() {}

    /** Without jitter: 1 s, 1.6 s, 2.56 s and so on. */
    public static AddressBackoff exact(VirtualTimer timer) {
        return new AddressBackoff(timer::nanoTime, new Backoff(() -> 0.5));
    }
}
