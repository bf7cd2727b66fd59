package io.peregrine.transport.tls;

import io.netty.internal.tcnative.KeyLogCallback;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/**
 * Appends the secrets of connections to a file, in the NSS key log format that Wireshark reads. Native code calls it
 * on the event loop and keeps it as long as the TLS context, so that it must not refer to that context. Nothing but the
 * file sees a secret.
 */
final class KeyLog implements KeyLogCallback {
    private static final Logger LOGGER = System.getLogger(KeyLog.class.getPackageName());
    private static final FileAttribute<?>[] OWNER_ONLY =
            FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                    ? new FileAttribute<?>[] {
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                    }
                    : new FileAttribute<?>[0];

    private final Path file;
    private boolean failed;

    private KeyLog(Path file) {
        this.file = file;
    }

    /**
     * Creates the file, for its owner's eyes, if there is none.
     *
     * @throws IllegalArgumentException if it cannot be written; the message names it
     */
    static KeyLog to(Path file) {
        Set<StandardOpenOption> append = Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        try {
            FileChannel.open(file, append, OWNER_ONLY).close();
            LOGGER.log(
                    Level.WARNING,
                    "The secrets of TLS connections are written to " + file
                            + ": whoever reads it can read those connections");
            return new KeyLog(file);
        } catch (IOException e) {
            throw new IllegalArgumentException("keyLog: " + file + " cannot be written (" + e + ")", e);
        }
    }

    /** Never throws, since the caller is native code. */
    @Override
    public synchronized void handle(long ssl, byte[] line) {
        byte[] terminated = Arrays.copyOf(line, line.length + 1);
        terminated[line.length] = '\n';
        try {
            Files.write(file, terminated, StandardOpenOption.APPEND);
        } catch (IOException e) {
            if (!failed) {
                failed = true;
                LOGGER.log(
                        Level.WARNING,
                        "keyLog: " + file + " cannot be written, secrets are missing from it (" + e + ")");
            }
        }
    }
}
