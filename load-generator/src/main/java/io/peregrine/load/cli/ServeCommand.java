package io.peregrine.load.cli;

import io.peregrine.load.serve.EchoServer;
import io.peregrine.load.serve.ServeOptions;
import io.peregrine.load.serve.ServerIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Serves until the process is told to end. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Answers every unary method with the request's own message, or one of a fixed size.")
final class ServeCommand implements Callable<Integer> {
    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address to listen on. Default: ${DEFAULT-VALUE}, this machine only")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "50051",
            description = "Port to listen on, 0..65535; 0 takes a free one and prints it. Default: ${DEFAULT-VALUE}")
    private int port;

    @Option(
            names = "--delay",
            paramLabel = "DURATION",
            defaultValue = "0",
            converter = DurationConverter.class,
            description = "Hold every answer back for this long. Default: none")
    private Duration delay = Duration.ZERO;

    @Option(
            names = "--response-size",
            paramLabel = "BYTES",
            description = "Answer with a message of this size. Default: echo the request")
    private @Nullable Integer responseSize;

    @Option(
            names = "--threads",
            paramLabel = "COUNT",
            defaultValue = "1",
            description = "Event loops. Default: ${DEFAULT-VALUE}")
    private int threads;

    @Option(names = "--tls", description = "Serve TLS; without --cert and --key on a self-signed certificate")
    private boolean tls;

    @Option(names = "--cert", paramLabel = "FILE", description = "Certificate chain, PEM")
    private @Nullable Path cert;

    @Option(names = "--key", paramLabel = "FILE", description = "Private key of the certificate, PKCS#8 PEM")
    private @Nullable Path key;

    @Override
    public Integer call() throws IOException {
        ServeOptions options;
        try {
            options = options();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
        ServerIdentity identity = identity();
        EchoServer server = EchoServer.start(identity == null ? options : options.withTls(identity.context()));
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            ended.countDown();
                        },
                        "stop-serving"));
        System.out.println("Serving: " + server);
        if (identity != null) {
            System.out.println("Trust it with: --cacert " + identity.caPem());
        }
        System.out.flush();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return ExitCodes.OK;
    }

    private ServeOptions options() {
        int responseBytes = ServeOptions.ECHO;
        if (responseSize != null) {
            responseBytes = responseSize;
            if (responseBytes < 0 || responseBytes > ServeOptions.MAX_MESSAGE_BYTES) {
                throw new UsageException("response-size: " + responseBytes + " (expected: 0.."
                        + ServeOptions.MAX_MESSAGE_BYTES + " bytes)");
            }
        }
        return new ServeOptions(host, port, delay.toNanos(), responseBytes, threads, null);
    }

    private @Nullable ServerIdentity identity() throws IOException {
        Path chainFile = cert;
        Path keyFile = key;
        if (chainFile == null && keyFile == null) {
            return tls ? ServerIdentity.selfSigned() : null;
        }
        if (chainFile == null || keyFile == null) {
            throw new UsageException("cert: " + chainFile + ", key: " + keyFile + " (expected: both or neither)");
        }
        try {
            return ServerIdentity.ofPem(chainFile, keyFile);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
    }
}
