package io.peregrine.jmh.peer;

import java.util.List;
import java.util.Map;

/** Service configs for grpc-java, with one policy for all methods. */
public final class GrpcJavaPolicies {
    private static final double ATTEMPTS = 3;

    private GrpcJavaPolicies() {}

    /** Three attempts, on UNAVAILABLE. */
    public static Map<String, ?> retry() {
        return forAll(
                "retryPolicy",
                Map.of(
                        "maxAttempts",
                        ATTEMPTS,
                        "initialBackoff",
                        "0.1s",
                        "maxBackoff",
                        "1s",
                        "backoffMultiplier",
                        2.0,
                        "retryableStatusCodes",
                        List.of("UNAVAILABLE")));
    }

    /** Three attempts, one second apart. */
    static Map<String, ?> hedging() {
        return forAll(
                "hedgingPolicy",
                Map.of("maxAttempts", ATTEMPTS, "hedgingDelay", "1s", "nonFatalStatusCodes", List.of("UNAVAILABLE")));
    }

    private static Map<String, ?> forAll(String name, Map<String, ?> policy) {
        return Map.of("methodConfig", List.of(Map.of("name", List.of(Map.of()), name, policy)));
    }
}
