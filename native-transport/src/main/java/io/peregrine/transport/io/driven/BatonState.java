package io.peregrine.transport.io.driven;

/**
 * Who runs a caller-driven event loop.
 *
 * <pre>
 *               take                    pass
 *        ┌────────────────▶ CALLER ◀──────────┐
 *        │                  │   ▲ └───────────┘
 *        │     release      │   │
 *       FREE ◀──────────────┘   │ pass
 *        ▲ │                    │
 *        │ │  take as guard     │            end
 *        │ └──────────────▶  GUARD ───────────────────▶ ENDED
 *        └──────────────────────┘
 *               release
 * </pre>
 *
 * Only who holds the baton passes it, releases it, or ends the loop; only the guard ends it.
 */
enum BatonState {
    /** Nobody. */
    FREE,
    /** A thread that waits for a call. */
    CALLER,
    /** The loop's guard thread. */
    GUARD,
    /** Nobody, for good: the loop is terminated. */
    ENDED;

    /** A caller takes the baton. */
    BatonState take() {
        return switch (this) {
            case FREE -> CALLER;
            case CALLER, GUARD, ENDED -> throw illegal("take");
        };
    }

    /** The guard takes the baton. */
    BatonState takeAsGuard() {
        return switch (this) {
            case FREE -> GUARD;
            case CALLER, GUARD, ENDED -> throw illegal("take as guard");
        };
    }

    /** Who holds the baton gives it to a caller that waits for it. */
    BatonState pass() {
        return switch (this) {
            case CALLER, GUARD -> CALLER;
            case FREE, ENDED -> throw illegal("pass");
        };
    }

    /** Who holds the baton lays it down. */
    BatonState release() {
        return switch (this) {
            case CALLER, GUARD -> FREE;
            case FREE, ENDED -> throw illegal("release");
        };
    }

    /** The guard has terminated the loop. */
    BatonState end() {
        return switch (this) {
            case GUARD -> ENDED;
            case FREE, CALLER, ENDED -> throw illegal("end");
        };
    }

    private IllegalStateException illegal(String event) {
        return new IllegalStateException("event: " + event + ", state: " + this);
    }
}
