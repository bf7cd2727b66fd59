package io.peregrine.client.resolver;

import io.netty.util.NetUtil;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A target in its parts: {@code scheme:[//authority]/endpoint} (SPEC TG-1). Immutable.
 *
 * @param scheme which resolver, for example {@code dns}
 * @param authority whom the resolver asks, empty for its default
 * @param endpoint what to resolve, for example {@code greeter.internal:443}: without a leading slash, except for
 *     unix domain sockets
 */
public record Target(String scheme, String authority, String endpoint) {
    private static final String UNRESERVED = "-_.~!$&'()*+,;=:[]@";

    /**
     * Parses and, if no known scheme is named, puts {@code defaultScheme} in front of the whole text (TG-1, TG-3).
     *
     * <p>{@code name:8080} and IPv6 addresses are looked for among the registry's own schemes, but not among those that
     * are installed: most targets look so, and to look costs time.
     *
     * @throws IllegalArgumentException if the text cannot be parsed, or names a scheme, also the default one, that is
     *     not known
     */
    public static Target parse(String text, String defaultScheme, NameResolverRegistry schemes) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("target: \"" + text + "\" (expected: [scheme:///]host:port)");
        }
        Predicate<String> known = mayBeAddress(text) ? schemes::isOwn : scheme -> schemes.find(scheme) != null;
        Target asGiven = tryParse(text, known);
        if (asGiven != null) {
            return asGiven;
        }
        requireNoScheme(text, schemes);
        if (schemes.find(defaultScheme) == null) {
            throw unknownScheme("default scheme: \"" + defaultScheme + "\" is unknown", schemes);
        }
        Target byDefault = tryParse(defaultScheme + ":///" + text, defaultScheme::equals);
        if (byDefault == null) {
            throw cannotBeParsed(text);
        }
        return byDefault;
    }

    private static boolean mayBeAddress(String text) {
        int colon = text.indexOf(':');
        String port = text.substring(colon + 1);
        return colon < 0
                || port.chars().allMatch(letter -> letter >= '0' && letter <= '9')
                || NetUtil.isValidIpV6Address(text);
    }

    /** What names a scheme and could not be parsed is not a host either. */
    private static void requireNoScheme(String text, NameResolverRegistry schemes) {
        int colon = text.indexOf(':');
        String scheme = colon < 0 ? "" : lowerCase(text.substring(0, colon));
        if (isUnix(scheme) && schemes.isOwn(scheme)) {
            throw new IllegalArgumentException("target: \"" + text + "\" cannot be parsed (expected: " + scheme
                    + ":name, with %20 for a space and the like)");
        }
        if (colon > 0 && text.startsWith("://", colon)) {
            if (schemes.find(scheme) != null) {
                throw cannotBeParsed(text);
            }
            throw unknownScheme(
                    "target: \"" + text + "\" has the unknown scheme \"" + text.substring(0, colon) + '"', schemes);
        }
    }

    private static IllegalArgumentException unknownScheme(String what, NameResolverRegistry schemes) {
        return new IllegalArgumentException(what + " (expected one of: " + schemes.schemes() + ')');
    }

    private static IllegalArgumentException cannotBeParsed(String text) {
        return new IllegalArgumentException(
                "target: \"" + text + "\" cannot be parsed (expected: [scheme:///]host:port)");
    }

    private static @Nullable Target tryParse(String text, Predicate<String> knownScheme) {
        try {
            URI uri = new URI(escapeBrackets(text));
            if (uri.getScheme() == null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
                return null;
            }
            String scheme = lowerCase(uri.getScheme());
            if (!knownScheme.test(scheme)) {
                return null;
            }
            String path = uri.isOpaque() ? uri.getSchemeSpecificPart() : uri.getPath();
            if (path == null || path.isEmpty()) {
                return null;
            }
            String authority = uri.getRawAuthority();
            String endpoint = path.startsWith("/") && !isUnix(scheme) ? path.substring(1) : path;
            return endpoint.isEmpty() ? null : new Target(scheme, authority == null ? "" : authority, endpoint);
        } catch (URISyntaxException notAUri) {
            return null;
        }
    }

    /** What stands behind these schemes begins with a slash, or does not, for a reason. */
    private static boolean isUnix(String scheme) {
        return scheme.startsWith("unix");
    }

    /** Schemes are compared without regard to case (RFC 3986 §3.1). */
    private static String lowerCase(String scheme) {
        return scheme.toLowerCase(Locale.ROOT);
    }

    /** Java's URI refuses the brackets of an IPv6 address in a path, where RFC 3986 does too, but gRPC puts them. */
    private static String escapeBrackets(String text) {
        int path = pathOf(text);
        return path < 0
                ? text
                : text.substring(0, path)
                        + text.substring(path).replace("[", "%5B").replace("]", "%5D");
    }

    /** Where the path begins behind a scheme and its authority; negative if there is none. */
    private static int pathOf(String text) {
        int colon = text.indexOf(":/");
        return colon >= 0 && text.startsWith("//", colon + 1) ? text.indexOf('/', colon + 3) : colon;
    }

    /** The endpoint with all but the letters that an authority may have percent-encoded (TG-5). */
    String encodedEndpoint() {
        StringBuilder encoded = new StringBuilder(endpoint.length());
        for (byte octet : endpoint.getBytes(StandardCharsets.UTF_8)) {
            char letter = (char) octet;
            boolean alphanumeric = octet >= 0 && Character.isLetterOrDigit(letter);
            if (alphanumeric || UNRESERVED.indexOf(letter) >= 0) {
                encoded.append(letter);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
            }
        }
        return encoded.toString();
    }

    /** The canonical form, with the scheme (TG-7). */
    @Override
    public String toString() {
        if (isUnix(scheme) && authority.isEmpty() && !endpoint.startsWith("/")) {
            return scheme + ':' + endpoint;
        }
        return scheme + "://" + authority + (endpoint.startsWith("/") ? "" : "/") + endpoint;
    }
}
