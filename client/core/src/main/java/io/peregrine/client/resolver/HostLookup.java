package io.peregrine.client.resolver;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks up host names with the JDK, which asks the system ({@code /etc/hosts} included), on threads of its own: the
 * look-up blocks. Never on an event loop.
 */
public final class HostLookup {
    private static final int MAX_THREADS = 4;
    private static final int MAX_QUEUED = 10_000;

    private HostLookup() {}

    /** The threads, started on first use and ended when idle. */
    private static final class Threads {
        static final ExecutorService POOL = newPool();

        private static ExecutorService newPool() {
            ThreadPoolExecutor pool = new ThreadPoolExecutor(
                    MAX_THREADS, MAX_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_QUEUED), task -> {
                        Thread thread = new Thread(task, "peregrine-lookup");
                        thread.setDaemon(true);
                        return thread;
                    });
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }

    /**
     * The address that {@code host} spells, or null if it is a name. An IPv6 address may have a zone, the name or the
     * number of an interface: {@code fe80::1%eth0}. One whose interface this machine does not have is as good as a name,
     * and the look-up says what is wrong with it.
     */
    public static @Nullable InetAddress literal(String host) {
        byte[] octets = NetUtil.createByteArrayFromIpAddressString(host);
        if (octets == null) {
            return null;
        }
        int percent = host.indexOf('%');
        if (percent < 0) {
            return addressOf(host, octets, -1);
        }
        int interfaceIndex = interfaceIndex(host.substring(percent + 1));
        return interfaceIndex < 0 ? null : addressOf(host, octets, interfaceIndex);
    }

    /** The number that {@code zone} is or names; negative if there is no such interface. */
    private static int interfaceIndex(String zone) {
        try {
            return Integer.parseUnsignedInt(zone);
        } catch (NumberFormatException aName) {
            return indexOfInterface(zone);
        }
    }

    private static int indexOfInterface(String name) {
        try {
            NetworkInterface named = NetworkInterface.getByName(name);
            return named == null ? -1 : named.getIndex();
        } catch (SocketException unknown) {
            return -1;
        }
    }

    private static InetAddress addressOf(String host, byte[] octets, int interfaceIndex) {
        try {
            return interfaceIndex < 0
                    ? InetAddress.getByAddress(octets)
                    : Inet6Address.getByAddress(null, octets, interfaceIndex);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("an IP address has 4 or 16 octets: " + host, wrongLength);
        }
    }

    /**
     * Looks up all addresses of {@code host}, in the system's order. Never throws: what goes wrong, mostly {@link
     * UnknownHostException}, fails the future.
     */
    public static CompletableFuture<List<InetAddress>> all(String host) {
        InetAddress literal = literal(host);
        if (literal != null) {
            return CompletableFuture.completedFuture(List.of(literal));
        }
        CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
        try {
            Threads.POOL.execute(() -> lookUp(host, answer));
        } catch (RejectedExecutionException full) {
            answer.completeExceptionally(
                    new UnknownHostException(host + ": more than " + MAX_QUEUED + " look-ups are waiting"));
        }
        return answer;
    }

    /** The name of this machine, as the system has it; asked for once. */
    public static CompletableFuture<String> localName() {
        return LocalName.ASKED;
    }

    /** Asked for on first use: the system may look the name up. */
    private static final class LocalName {
        static final CompletableFuture<String> ASKED = CompletableFuture.supplyAsync(LocalName::ask, Threads.POOL);

        private static String ask() {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException namelessHere) {
                return Objects.requireNonNullElse(System.getenv("HOSTNAME"), "localhost");
            }
        }
    }

    /** The JDK throws more than it declares, for example for a name that it cannot encode. */
    private static void lookUp(String host, CompletableFuture<List<InetAddress>> answer) {
        try {
            answer.complete(List.of(InetAddress.getAllByName(host)));
        } catch (UnknownHostException | RuntimeException | Error failed) {
            answer.completeExceptionally(failed);
        }
    }
}
