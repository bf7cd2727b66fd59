package io.peregrine.load.cli;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.load.run.ClientTarget;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.serve.EchoServer;
import io.peregrine.load.serve.ServeOptions;
import io.peregrine.load.serve.ServerIdentity;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.EventLoops;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is called, over which connections. */
final class ConnectionOptions {
    private static final int MAX_CONNECTIONS = 10_000;

    @Parameters(
            arity = "0..1",
            paramLabel = "TARGET",
            description = "[dns:///]host:port. Default: an echo server started in this process")
    private @Nullable String target;

    @Option(names = "--insecure", description = "Plaintext. Default: TLS, except to the embedded server")
    private boolean insecure;

    @Option(names = "--tls", description = "Without a target: serve and call the embedded server over TLS")
    private boolean embeddedTls;

    @Option(names = "--cacert", paramLabel = "FILE", description = "CAs to trust, PEM. Default: the system's")
    private @Nullable Path cacert;

    @Option(names = "--cert", paramLabel = "FILE", description = "Client certificate chain, PEM")
    private @Nullable Path cert;

    @Option(names = "--key", paramLabel = "FILE", description = "Private key of the certificate, PKCS#8 PEM")
    private @Nullable Path key;

    @Option(names = "--skipTLS", description = "Do not verify the server's certificate")
    private boolean skipVerification;

    @Option(names = "--cname", paramLabel = "NAME", description = "Name to verify in the server's certificate")
    private @Nullable String cname;

    @Option(names = "--authority", paramLabel = "NAME", description = "Value of :authority. Default: of the target")
    private @Nullable String authority;

    @Option(
            names = "--connections",
            paramLabel = "COUNT",
            defaultValue = "1",
            description = "Connections that the calls are spread over. Default: ${DEFAULT-VALUE}")
    private int connections;

    void check() {
        if (connections < 1 || connections > MAX_CONNECTIONS) {
            throw new UsageException("connections: " + connections + " (expected: 1.." + MAX_CONNECTIONS + ')');
        }
        boolean tlsOption = cacert != null || cert != null || key != null || skipVerification || cname != null;
        if (insecure && tlsOption) {
            throw new UsageException("insecure: true with TLS options (expected: plaintext or TLS)");
        }
        if (target == null && ((insecure && embeddedTls) || tlsOption || authority != null)) {
            throw new UsageException("target: none with options for one (expected: host:port, or only --tls)");
        }
        if (target != null && embeddedTls) {
            throw new UsageException("tls: true with target " + target + " (expected: no option, TLS is its default)");
        }
        if ((cert == null) != (key == null)) {
            throw new UsageException("cert: " + cert + ", key: " + key + " (expected: both or neither)");
        }
    }

    /**
     * Where the calls go: the target that was named, or an echo back end that is started here.
     *
     * @throws IllegalArgumentException when a certificate or key file cannot be used
     * @throws IOException when the embedded back end cannot start
     */
    Endpoint open() throws IOException {
        String named = target;
        if (named != null) {
            return new Endpoint(named, named, insecure ? InsecureCredentials.create() : tls(), !insecure, null);
        }
        if (!embeddedTls) {
            EchoServer server = EchoServer.start(ServeOptions.embedded());
            return embedded(server, "127.0.0.1", InsecureCredentials.create());
        }
        ServerIdentity identity = ServerIdentity.selfSigned();
        EchoServer server = EchoServer.start(ServeOptions.embedded().withTls(identity.context()));
        return embedded(
                server,
                "localhost",
                TlsCredentials.builder().trust(identity.caPem()).build());
    }

    /**
     * Makes the connections, idle still, and the target that calls over them.
     *
     * @throws IllegalArgumentException when the target or the authority cannot be parsed
     */
    ClientTarget connect(Endpoint endpoint, LoadPlan plan, String method, byte[] message, CallOptions options) {
        EventLoops loops =
                EventLoops.create(Math.min(connections, Runtime.getRuntime().availableProcessors()));
        List<ClientConn> opened = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                opened.add(connection(endpoint, plan, loops));
            }
            return new ClientTarget(opened, loops, method, message, options);
        } catch (RuntimeException refused) {
            opened.forEach(ClientConn::close);
            loops.close();
            throw refused;
        }
    }

    private ClientConn connection(Endpoint endpoint, LoadPlan plan, EventLoops loops) {
        TransportOptions transport = endpoint.transport();
        int outstanding = plan.openLoop() ? plan.maxOutstanding() : plan.callers();
        int waiting = Math.max(outstanding, transport.maxWaitingStreams());
        ClientConnBuilder builder = ClientConn.builder(endpoint.target())
                .credentials(endpoint.credentials())
                .eventLoops(loops)
                .maxInboundMessageBytes(ServeOptions.MAX_MESSAGE_BYTES)
                .maxWaitingCalls(waiting)
                .transportOptions(transport.toBuilder()
                        .maxWaitingStreams(waiting)
                        .maxQueuedCommands(Math.max(outstanding, transport.maxQueuedCommands()))
                        .build());
        String name = authority;
        if (name != null) {
            builder.authority(name);
        }
        return builder.build();
    }

    private Endpoint embedded(EchoServer server, String host, ChannelCredentials credentials) {
        String address = "dns:///" + host + ':' + server.address().getPort();
        String description = "none named: " + server + ", embedded in this process";
        return new Endpoint(address, description, credentials, embeddedTls, server);
    }

    private ChannelCredentials tls() {
        TlsCredentials.Builder tls = TlsCredentials.builder();
        Path authorities = cacert;
        if (authorities != null) {
            tls.trust(authorities);
        }
        Path chain = cert;
        Path privateKey = key;
        if (chain != null && privateKey != null) {
            tls.identity(chain, privateKey);
        }
        String name = cname;
        if (name != null) {
            tls.serverName(name);
        }
        if (skipVerification) {
            tls.insecureTrustAll();
        }
        return tls.build();
    }
}
