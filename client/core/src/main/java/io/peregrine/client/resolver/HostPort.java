package io.peregrine.client.resolver;

import io.netty.util.NetUtil;

/**
 * A host and a port (SPEC DN-1): {@code host}, {@code host:port}, {@code [v6]:port}, a bare IPv6 address, or
 * {@code :port} for localhost. Immutable.
 *
 * @param host a name or an address, without brackets
 * @param port 1..65535
 */
public record HostPort(String host, int port) {
    /**
     * Parses.
     *
     * @param defaultPort the port where the text names none
     * @throws IllegalArgumentException if the text is empty, the port is empty, not a number or out of range, or the
     *     brackets do not hold an IPv6 address
     */
    public static HostPort parse(String text, int defaultPort) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("address: \"\" (expected: host:port)");
        }
        if (NetUtil.isValidIpV6Address(text) && text.charAt(0) != '[') {
            return new HostPort(text, defaultPort);
        }
        int hostEnd = text.charAt(0) == '[' ? text.indexOf(']') + 1 : indexOfOrEnd(text, ':');
        boolean unclosed = hostEnd == 0 && text.charAt(0) == '[';
        if (unclosed || (hostEnd < text.length() && text.charAt(hostEnd) != ':')) {
            throw malformed(text);
        }
        String host = text.substring(0, hostEnd);
        if (host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
            if (!NetUtil.isValidIpV6Address(host)) {
                throw malformed(text);
            }
        }
        int port = hostEnd == text.length() ? defaultPort : parsePort(text, text.substring(hostEnd + 1));
        if (hasForeignLetter(host)) {
            throw malformed(text);
        }
        return new HostPort(host.isEmpty() ? "localhost" : host, port);
    }

    private static boolean hasForeignLetter(String host) {
        for (int i = 0; i < host.length(); i++) {
            char letter = host.charAt(i);
            if (letter <= ' ' || letter > 0x7E || letter == '/' || letter == '@') {
                return true;
            }
        }
        return false;
    }

    private static int parsePort(String text, String port) {
        boolean digits = !port.isEmpty() && port.length() <= 9 && isDecimal(port);
        int number = digits ? Integer.parseInt(port) : -1;
        if (number < 1 || number > 65_535) {
            throw new IllegalArgumentException("port: \"" + port + "\" in \"" + text + "\" (expected: 1..65535)");
        }
        return number;
    }

    private static boolean isDecimal(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static int indexOfOrEnd(String text, char wanted) {
        int index = text.indexOf(wanted);
        return index < 0 ? text.length() : index;
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException("address: \"" + text + "\" (expected: host:port or [ipv6]:port)");
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? '[' + host + ']' : host) + ':' + port;
    }
}
