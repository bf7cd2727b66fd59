package io.peregrine.client.resolver.dns;

import io.netty.resolver.HostsFileEntriesProvider;
import io.netty.util.NetUtil;
import io.peregrine.client.resolver.HostLookup;
import java.io.File;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known of names without a name server: IP addresses, the hosts file, and {@code localhost} (RFC 6761). The
 * file is read when it has changed since. Safe for use by several threads; reads a file, so not for event loops.
 */
final class HostsFile {
    static final HostsFile SYSTEM = new HostsFile(systemPath());

    private final File file;

    /** Replaced as a whole: threads that race read the file twice, and none sees half of it. */
    private volatile @Nullable Parsed parsed;

    HostsFile(Path path) {
        this.file = path.toFile();
    }

    private static Path systemPath() {
        String windows = System.getenv("SystemRoot");
        boolean onWindows = File.separatorChar == '\\' && windows != null;
        return onWindows ? Path.of(windows, "system32", "drivers", "etc", "hosts") : Path.of("/etc/hosts");
    }

    private record Parsed(long modifiedMs, long bytes, HostsFileEntriesProvider entries) {}

    /** The addresses of a host, IPv4 first; empty if a name server must be asked. */
    List<InetAddress> addresses(String host) {
        InetAddress literal = HostLookup.literal(host);
        if (literal != null) {
            return List.of(literal);
        }
        String name = (host.endsWith(".") ? host.substring(0, host.length() - 1) : host).toLowerCase(Locale.ROOT);
        HostsFileEntriesProvider entries = entries();
        List<InetAddress> found = new ArrayList<>(of(entries.ipv4Entries(), name));
        found.addAll(of(entries.ipv6Entries(), name));
        if (found.isEmpty() && isLocalhost(name)) {
            return List.of(NetUtil.LOCALHOST4, NetUtil.LOCALHOST6);
        }
        return found;
    }

    /** Whether a name never leaves the machine. */
    static boolean isLocalhost(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.equals("localhost") || lower.endsWith(".localhost");
    }

    private static List<InetAddress> of(Map<String, List<InetAddress>> entries, String name) {
        return Objects.requireNonNullElse(entries.get(name), List.of());
    }

    /** A file that is absent, or cannot be read, has no entries. */
    private HostsFileEntriesProvider entries() {
        long modifiedMs = file.lastModified();
        long bytes = file.length();
        Parsed known = parsed;
        if (known == null || known.modifiedMs != modifiedMs || known.bytes != bytes) {
            HostsFileEntriesProvider entries =
                    HostsFileEntriesProvider.parser().parseSilently(file, StandardCharsets.UTF_8);
            known = new Parsed(modifiedMs, bytes, entries);
            parsed = known;
        }
        return known.entries;
    }
}
