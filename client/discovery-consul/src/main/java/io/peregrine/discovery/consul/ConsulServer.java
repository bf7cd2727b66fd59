package io.peregrine.discovery.consul;

import io.peregrine.client.resolver.HostPort;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * An agent or a server of Consul, as it is asked.
 *
 * @param address where it is
 * @param secure whether by TLS
 * @param client makes the requests, and pools their connections; made when it is used
 * @param token the ACL token of each request; empty for none
 */
record ConsulServer(HostPort address, boolean secure, Supplier<HttpClient> client, Supplier<String> token) {
    /** As large as the answer for tens of thousands of instances. */
    static final int MAX_ANSWER_BYTES = 32 << 20;

    /** Asks; cancelling the future that is returned ends the request. */
    CompletableFuture<HttpResponse<byte[]>> get(String path, Duration timeout) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create((secure ? "https://" : "http://") + address + path))
                .timeout(timeout)
                .header("Accept", "application/json");
        String secret = token.get();
        if (!secret.isEmpty()) {
            request.header("X-Consul-Token", requireToken(secret));
        }
        return client.get().sendAsync(request.build(), info -> new BoundedBody(MAX_ANSWER_BYTES));
    }

    /** The HTTP client would name the token in its own exception. */
    static String requireToken(String token) {
        if (!token.chars().allMatch(letter -> letter > 0x20 && letter < 0x7F)) {
            throw new IllegalArgumentException("token: has a character outside 0x21..0x7E (expected: none)");
        }
        return token;
    }

    @Override
    public String toString() {
        return "consul at " + address;
    }
}
