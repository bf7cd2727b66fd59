package io.peregrine.client.resolver;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Collection;
import java.util.Locale;
import java.util.TreeSet;
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
    /** Parses and, if no known scheme is named, puts {@code defaultScheme} in front of the whole text (TG-1, TG-3). */
    public static Target parse(String text, String defaultScheme, Collection<String> knownSchemes) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("target: \"" + text + "\" (expected: [scheme:///]host:port)");
        }
        Target asGiven = tryParse(text, knownSchemes::contains);
        if (asGiven != null) {
            return asGiven;
        }
        for (String scheme : knownSchemes) {
            if (isUnix(scheme) && lowerCase(text).startsWith(scheme + ':')) {
                throw new IllegalArgumentException("target: \"" + text + "\" cannot be parsed (expected: " + scheme
                        + ":name, with %20 for a space and the like)");
            }
        }
        int schemeEnd = text.indexOf("://");
        if (schemeEnd > 0 && knownSchemes.contains(lowerCase(text.substring(0, schemeEnd)))) {
            throw cannotBeParsed(text);
        }
        if (schemeEnd > 0) {
            throw new IllegalArgumentException("target: \"" + text + "\" has the unknown scheme \""
                    + text.substring(0, schemeEnd) + "\" (expected one of: " + new TreeSet<>(knownSchemes) + ')');
        }
        Target byDefault = tryParse(defaultScheme + ":///" + text, knownSchemes::contains);
        if (byDefault == null) {
            throw cannotBeParsed(text);
        }
        return byDefault;
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
        int path = text.indexOf(":///");
        return path < 0
                ? text
                : text.substring(0, path)
                        + text.substring(path).replace("[", "%5B").replace("]", "%5D");
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
