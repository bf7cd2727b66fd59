package io.peregrine.transport.io;

import io.netty.channel.uring.IoUring;
import org.jspecify.annotations.Nullable;

/**
 * The way to Netty's io_uring, with its multishot polls switched off.
 *
 * <p>With them a TCP reset right behind data is lost (Netty 4.2.18, Linux 6.18): the channel stays open and active, and
 * nothing but a deadline ends its calls. With a poll for each event it is not. Netty reads the switch once, from a
 * system property, when its class is loaded; one that somebody has set stays as it is.
 */
final class IoUringPolls {
    private static final String MULTISHOT = "io.netty.iouring.pollAddMultishotEnabled";

    static {
        if (System.getProperty(MULTISHOT) == null) {
            System.setProperty(MULTISHOT, "false");
        }
    }

    private IoUringPolls() {}

    static boolean isAvailable() {
        return IoUring.isAvailable();
    }

    static @Nullable Throwable unavailabilityCause() {
        return IoUring.unavailabilityCause();
    }
}
