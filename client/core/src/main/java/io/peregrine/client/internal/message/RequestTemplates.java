package io.peregrine.client.internal.message;

import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.transport.header.RequestHeaders;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The request headers that calls of one channel share, made once for each method and, for calls that want them, each
 * authority and encoding of their own (SPEC MD-6). Safe for use by several threads.
 */
public final class RequestTemplates {
    /** Templates kept of each kind; a program that makes up more methods or authorities does not reuse them. */
    private static final int MAX_KEPT = 4096;

    private final boolean secure;
    private final String authority;
    private final String userAgent;
    private final String acceptEncoding;
    private final ConcurrentHashMap<MethodDescriptor<?, ?>, RequestHeaders> usual = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Variant, RequestHeaders> variants = new ConcurrentHashMap<>();

    private record Variant(
            MethodDescriptor<?, ?> method,
            @Nullable String authority,
            @Nullable String encoding) {}

    /**
     * Makes the templates of a channel.
     *
     * @param secure whether the scheme is https
     * @param authority the {@code :authority} of calls that do not name another
     * @param acceptEncoding what {@code grpc-accept-encoding} says; empty if it is left out
     * @throws IllegalArgumentException if a value is illegal in a header field
     */
    public RequestTemplates(boolean secure, String authority, String userAgent, String acceptEncoding) {
        this.secure = secure;
        this.authority = authority;
        this.userAgent = userAgent;
        this.acceptEncoding = acceptEncoding;
        RequestHeaders.grpc(secure, authority, "/check/Check", userAgent);
    }

    /** The {@code :authority} of calls that do not name another. */
    public String authority() {
        return authority;
    }

    /** Whether the channel's connections have privacy and integrity. */
    public boolean isSecure() {
        return secure;
    }

    /**
     * The headers of a call. Allocates nothing for a call without wishes, from the method's second one on.
     *
     * @param ownAuthority in place of the channel's, or null
     * @param encoding the name of an installed codec, or null if requests are not compressed
     * @throws StatusException with INTERNAL if the authority is illegal in a header field
     */
    public RequestHeaders headersOf(
            MethodDescriptor<?, ?> method, @Nullable String ownAuthority, @Nullable String encoding) {
        return ownAuthority == null && encoding == null
                ? usualHeadersOf(method)
                : variantOf(new Variant(method, ownAuthority, encoding));
    }

    private RequestHeaders usualHeadersOf(MethodDescriptor<?, ?> method) {
        RequestHeaders known = usual.get(method);
        return known == null ? keep(usual, method, build(method, null)) : known;
    }

    private RequestHeaders variantOf(Variant variant) {
        RequestHeaders known = variants.get(variant);
        if (known != null) {
            return known;
        }
        RequestHeaders built = build(variant.method, variant.encoding);
        String ownAuthority = variant.authority;
        if (ownAuthority != null) {
            try {
                built = built.withAuthority(ownAuthority);
            } catch (IllegalArgumentException illegal) {
                throw new StatusException(
                        new Status(StatusCode.INTERNAL, "the call's " + illegal.getMessage(), illegal));
            }
        }
        return keep(variants, variant, built);
    }

    private RequestHeaders build(MethodDescriptor<?, ?> method, @Nullable String encoding) {
        return RequestHeaders.grpc(secure, authority, method.path(), userAgent)
                .withEncodings(encoding, acceptEncoding.isEmpty() ? null : acceptEncoding);
    }

    private static <K> RequestHeaders keep(
            ConcurrentHashMap<K, RequestHeaders> templates, K key, RequestHeaders built) {
        if (templates.size() >= MAX_KEPT) {
            templates.clear();
        }
        templates.put(key, built);
        return built;
    }
}
