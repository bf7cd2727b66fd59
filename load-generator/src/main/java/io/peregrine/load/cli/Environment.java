package io.peregrine.load.cli;

import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.tls.TlsProvider;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a run's figures depend on, for the report. */
final class Environment {
    private Environment() {}

    static Map<String, String> describe(Endpoint endpoint) {
        TransportOptions transport = endpoint.transport();
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("JVM", System.getProperty("java.vm.name") + ' ' + System.getProperty("java.vm.version"));
        lines.put("Machine", machine());
        lines.put("I/O", IoBackend.selection().reason());
        lines.put("TLS", endpoint.tls() ? TlsProvider.selection().reason() : "none (plaintext)");
        lines.put(
                "Windows",
                "stream " + transport.streamWindowBytes() + ", connection " + transport.connectionWindowBytes()
                        + " bytes");
        return lines;
    }

    private static String machine() {
        return System.getProperty("os.name") + ' ' + System.getProperty("os.arch") + ", "
                + Runtime.getRuntime().availableProcessors() + " processors";
    }
}
