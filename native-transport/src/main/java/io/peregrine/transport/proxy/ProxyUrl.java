package io.peregrine.transport.proxy;

import io.peregrine.transport.proxy.ProxyServer.Protocol;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads {@code [scheme://][user[:password]@]host[:port]}. What is left of the last {@code @} is never quoted in a
 * message, and neither is a port: in {@code user:secret}, where the host was forgotten, it is a password.
 */
final class ProxyUrl {
    private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://");

    private final String source;

    private ProxyUrl(String source) {
        this.source = source;
    }

    /**
     * Parses.
     *
     * @param source what messages begin with: where the text comes from
     */
    static ProxyServer parse(String source, String text) {
        return new ProxyUrl(source).parse(text.strip());
    }

    private ProxyServer parse(String text) {
        Matcher scheme = SCHEME.matcher(text);
        Protocol protocol = Protocol.HTTP_CONNECT;
        String rest = text;
        if (scheme.lookingAt()) {
            protocol = protocol(scheme.group(1));
            rest = text.substring(scheme.end());
        }
        int at = rest.lastIndexOf('@');
        String hostPort = rest.substring(at + 1);
        int path = hostPort.indexOf('/');
        ProxyServer proxy = server(protocol, path < 0 ? hostPort : hostPort.substring(0, path));
        return at < 0 ? proxy : logIn(proxy, rest.substring(0, at));
    }

    private Protocol protocol(String scheme) {
        return switch (scheme.toLowerCase(Locale.ROOT)) {
            case "http" -> Protocol.HTTP_CONNECT;
            case "socks5", "socks5h" -> Protocol.SOCKS5;
            default -> throw malformed("scheme \"" + scheme + "\" (expected: http, socks5 or socks5h)");
        };
    }

    private ProxyServer server(Protocol protocol, String hostPort) {
        int bracket = hostPort.indexOf(']');
        int colon = hostPort.indexOf(':', Math.max(0, bracket));
        String host = colon < 0 ? hostPort : hostPort.substring(0, colon);
        try {
            int port = colon < 0 ? protocol.defaultPort() : port(hostPort.substring(colon + 1));
            return ProxyServer.of(protocol, host, port);
        } catch (NumberFormatException notANumber) {
            throw malformed("the port behind \"" + host + "\" is no port (expected: 1..65535)");
        } catch (IllegalArgumentException refused) {
            throw malformed(String.valueOf(refused.getMessage()));
        }
    }

    private static int port(String digits) {
        int port = Integer.parseInt(digits);
        if (port < 1 || port > 65_535) {
            throw new NumberFormatException();
        }
        return port;
    }

    private ProxyServer logIn(ProxyServer proxy, String userInfo) {
        int colon = userInfo.indexOf(':');
        String user = decoded(colon < 0 ? userInfo : userInfo.substring(0, colon));
        String password = colon < 0 ? "" : decoded(userInfo.substring(colon + 1));
        try {
            return proxy.withCredentials(user, password);
        } catch (IllegalArgumentException refused) {
            throw malformed(String.valueOf(refused.getMessage()));
        }
    }

    /** The decoder's own message quotes what it cannot decode, so it is not passed on. */
    private String decoded(String percentEncoded) {
        try {
            return URLDecoder.decode(percentEncoded.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException badEscape) {
            throw malformed("user or password is not percent-encoded (expected: %25 for %)");
        }
    }

    private IllegalArgumentException malformed(String what) {
        return new IllegalArgumentException(source + ": " + what);
    }
}
