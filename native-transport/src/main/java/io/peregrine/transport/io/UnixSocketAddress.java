package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * The address of a unix domain socket: a path in the file system, or a name in Linux' abstract namespace, which is
 * kept as a path that begins with NUL, as Netty does. Immutable; shown as {@code unix:/run/greeter.sock} or
 * {@code unix-abstract:greeter}.
 *
 * <p>The length is checked here because not everything below does: what does not fit into {@code sun_path} is cut off
 * by Netty's epoll and kqueue transports, which then connect to another socket.
 */
public final class UnixSocketAddress extends DomainSocketAddress {
    /** What fits into {@code sun_path} of Linux (108 bytes) beside a NUL: behind a path, before an abstract name. */
    public static final int MAX_BYTES = 107;

    private static final long serialVersionUID = 1L;

    private UnixSocketAddress(String path) {
        super(path);
    }

    /**
     * Returns the address of a socket in the file system.
     *
     * @param path absolute, or relative to the working directory of this process; 1..{@value #MAX_BYTES} bytes of
     *     UTF-8 without NUL
     * @throws IllegalArgumentException if the path is empty, too long, or contains NUL
     */
    public static UnixSocketAddress ofPath(String path) {
        requireFits("unix path", requireNonNull(path, "path"), MAX_BYTES);
        return new UnixSocketAddress(path);
    }

    /**
     * Returns the address of a socket in the abstract namespace, which only Linux has.
     *
     * @param name 1..{@value #MAX_BYTES} bytes of UTF-8 without NUL
     * @throws IllegalArgumentException if the name is empty, too long, or contains NUL
     */
    public static UnixSocketAddress ofAbstractName(String name) {
        requireFits("unix-abstract name", requireNonNull(name, "name"), MAX_BYTES);
        return new UnixSocketAddress('\0' + name);
    }

    /**
     * Returns the checked form of Netty's address.
     *
     * @throws IllegalArgumentException as for {@link #ofPath} and {@link #ofAbstractName}
     */
    public static UnixSocketAddress of(DomainSocketAddress address) {
        if (address instanceof UnixSocketAddress checked) {
            return checked;
        }
        String path = address.path();
        return path.startsWith("\0") ? ofAbstractName(path.substring(1)) : ofPath(path);
    }

    /** Returns whether this is a name in the abstract namespace, and {@link #path()} begins with NUL. */
    public boolean isAbstract() {
        return path().charAt(0) == '\0';
    }

    static void requireFits(String what, String text, int maxBytes) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    what + ": \"" + text.replace("\0", "\\0") + "\" contains NUL (expected: none)");
        }
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > maxBytes) {
            throw new IllegalArgumentException(
                    what + ": \"" + text + "\" has " + bytes + " bytes (expected: 1.." + maxBytes + ")");
        }
    }

    @Override
    public String toString() {
        return isAbstract() ? "unix-abstract:" + path().substring(1) : "unix:" + path();
    }
}
