package io.peregrine.transport.proxy;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The targets that are reached without the proxy, as {@code NO_PROXY} lists them (SPEC PX-1), by the rules of Go's
 * {@code httpproxy}, which most tools share. Entries are separated by commas or white space, and are compared without
 * regard to case or to a dot at the end:
 *
 * <ul>
 *   <li>{@code *}: everything;
 *   <li>{@code example.com}: the host and all hosts below it;
 *   <li>{@code .example.com} or {@code *.example.com}: only the hosts below it;
 *   <li>{@code 10.0.0.7}, {@code 2001:db8::1}, {@code [2001:db8::1]}: an IP address;
 *   <li>{@code 10.0.0.0/8}, {@code 2001:db8::/32}: a network;
 *   <li>all but networks and {@code *} with {@code :port} behind: that port only.
 * </ul>
 *
 * <p>Addresses are compared with targets that are IP literals; names are not looked up for it. Immutable.
 */
final class NoProxyList {
    static final NoProxyList EMPTY = new NoProxyList(List.of(), "");

    private static final int ANY_PORT = 0;
    private static final String SEPARATORS = "[,\\s]+";

    private final List<Entry> entries;
    private final String text;

    private NoProxyList(List<Entry> entries, String text) {
        this.entries = entries;
        this.text = text;
    }

    /** What is compared with the entries; {@code address} is null for a name. */
    private record Destination(String name, @Nullable InetAddress address, int port) {}

    @FunctionalInterface
    private interface Entry {
        boolean matches(Destination destination);
    }

    /**
     * Parses.
     *
     * @param onMalformed told each entry that cannot be understood, which is then left out
     */
    static NoProxyList parse(String text, Consumer<String> onMalformed) {
        List<Entry> entries = new ArrayList<>();
        for (String entry : text.strip().split(SEPARATORS, -1)) {
            if (!entry.isEmpty()) {
                Entry parsed = parseEntry(entry.toLowerCase(Locale.ROOT));
                if (parsed == null) {
                    onMalformed.accept(entry);
                } else {
                    entries.add(parsed);
                }
            }
        }
        return new NoProxyList(List.copyOf(entries), text);
    }

    /** Whether a target is to be reached directly. */
    boolean contains(String host, int port) {
        String name = normal(host);
        Destination destination = new Destination(name, literal(name), port);
        return entries.stream().anyMatch(entry -> entry.matches(destination));
    }

    /** Whether {@code host} is {@code localhost} or a loopback address, which no proxy could reach for us. */
    static boolean isLoopback(String host) {
        String name = normal(host);
        InetAddress address = literal(name);
        return address == null ? name.equals("localhost") : address.isLoopbackAddress();
    }

    private static @Nullable Entry parseEntry(String entry) {
        if (entry.equals("*")) {
            return destination -> true;
        }
        if (entry.indexOf('/') >= 0) {
            return parseNetwork(entry);
        }
        boolean bareV6 = NetUtil.isValidIpV6Address(entry) && !entry.startsWith("[");
        int colon = bareV6 ? -1 : entry.indexOf(':', Math.max(0, entry.indexOf(']')));
        int port = colon < 0 ? ANY_PORT : number(entry.substring(colon + 1), 1, 65_535);
        if (port < 0) {
            return null;
        }
        String host = normal(colon < 0 ? entry : entry.substring(0, colon));
        InetAddress address = literal(host);
        if (address != null) {
            return destination -> address.equals(destination.address) && isPort(port, destination);
        }
        return parseDomain(host, port);
    }

    private static @Nullable Entry parseDomain(String host, int port) {
        String domain = host.startsWith("*.") ? host.substring(1) : host;
        boolean below = domain.startsWith(".");
        String exact = below ? domain.substring(1) : domain;
        if (exact.isEmpty() || exact.startsWith(".") || exact.chars().anyMatch(c -> "*[]:/@".indexOf(c) >= 0)) {
            return null;
        }
        String suffix = '.' + exact;
        return destination -> isPort(port, destination)
                && (destination.name.endsWith(suffix) || (!below && destination.name.equals(exact)));
    }

    private static @Nullable Entry parseNetwork(String entry) {
        int slash = entry.indexOf('/');
        InetAddress network = literal(entry.substring(0, slash));
        if (network == null) {
            return null;
        }
        byte[] octets = network.getAddress();
        int prefixBits = number(entry.substring(slash + 1), 0, octets.length * 8);
        return prefixBits < 0
                ? null
                : destination -> destination.address != null
                        && sharesPrefix(octets, destination.address.getAddress(), prefixBits);
    }

    private static boolean sharesPrefix(byte[] network, byte[] address, int prefixBits) {
        if (network.length != address.length) {
            return false;
        }
        int whole = prefixBits / 8;
        for (int i = 0; i < whole; i++) {
            if (network[i] != address[i]) {
                return false;
            }
        }
        int rest = prefixBits % 8;
        return rest == 0 || ((network[whole] ^ address[whole]) & 0xFF) >>> (8 - rest) == 0;
    }

    private static boolean isPort(int port, Destination destination) {
        return port == ANY_PORT || port == destination.port;
    }

    /** Returns -1 for what is not a decimal number in the range. */
    private static int number(String digits, int lowest, int highest) {
        boolean decimal =
                !digits.isEmpty() && digits.length() <= 5 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        int value = decimal ? Integer.parseInt(digits) : -1;
        return value < lowest || value > highest ? -1 : value;
    }

    private static String normal(String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        String name = bare.endsWith(".") ? bare.substring(0, bare.length() - 1) : bare;
        return name.toLowerCase(Locale.ROOT);
    }

    /** IPv4 addresses mapped into IPv6 come out as IPv4. */
    private static @Nullable InetAddress literal(String host) {
        byte[] octets = NetUtil.createByteArrayFromIpAddressString(host);
        if (octets == null) {
            return null;
        }
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("an IP address has 4 or 16 octets: " + host, wrongLength);
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
