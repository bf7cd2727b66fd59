package io.peregrine.jmh.driver;

/** What all result lines of the drivers begin with. */
final class Results {
    private Results() {}

    /** A line with what was measured, by whom and on which JVM. */
    static JsonLine newLine(String driver, String peer, String mode, boolean tls) {
        return new JsonLine()
                .put("driver", driver)
                .put("peer", peer)
                .put("mode", mode)
                .put("security", tls ? "tls" : "plaintext")
                .put("jdk", Runtime.version().toString());
    }
}
