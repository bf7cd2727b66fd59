package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

/**
 * The I/O backend in use and why it was chosen.
 *
 * @param backend the backend that new event loops use
 * @param reason one sentence for people, for example {@code "epoll: the native library is loaded"}
 */
public record IoSelection(IoBackend backend, String reason) {
    /** Refuses nulls. */
    public IoSelection {
        requireNonNull(backend, "backend");
        requireNonNull(reason, "reason");
    }
}
