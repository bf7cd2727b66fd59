package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real etcd with one member on loopback, driven by its JSON gateway. The binary is what the system property {@code
 * peregrine.etcd} names, or else {@code etcd} on the PATH.
 */
final class EtcdProcess implements AutoCloseable {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);

    private final Path binary;
    private final Path directory;
    private final int port;
    private final int peerPort;
    private final List<String> options;
    private final HttpClient client = HttpClient.newHttpClient();
    private Process process;

    EtcdProcess(Path binary, Path directory, String... options) throws Exception {
        this.binary = binary;
        this.directory = directory;
        this.port = freePort();
        this.peerPort = freePort();
        this.options = List.of(options);
        start();
    }

    /** Where the binary is; empty if there is none. */
    static Optional<Path> binary() {
        String named = System.getProperty("peregrine.etcd", "");
        if (!named.isEmpty()) {
            return Optional.of(Path.of(named));
        }
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "etcd"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    /** Starts on the same port, with what is in the directory. */
    void start() throws Exception {
        String scheme = options.isEmpty() ? "http" : "https";
        String url = scheme + "://" + address();
        String peerUrl = "http://127.0.0.1:" + peerPort;
        List<String> command = new ArrayList<>(List.of(
                binary.toString(),
                "--data-dir=" + directory.resolve("data"),
                "--listen-client-urls=" + url,
                "--advertise-client-urls=" + url,
                "--listen-peer-urls=" + peerUrl,
                "--initial-advertise-peer-urls=" + peerUrl,
                "--initial-cluster=default=" + peerUrl,
                "--log-level=error"));
        command.addAll(options);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        if (options.isEmpty()) {
            awaitHealth();
        }
    }

    private void awaitHealth() throws Exception {
        long giveUpNs = System.nanoTime() + PATIENCE_NS;
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://" + address() + "/health"))
                .build();
        while (true) {
            try {
                HttpResponse<String> answer = client.send(health, HttpResponse.BodyHandlers.ofString());
                if (answer.body().contains("\"true\"")) {
                    return;
                }
            } catch (IOException notYet) {
                if (!process.isAlive() || System.nanoTime() - giveUpNs > 0) {
                    throw new IllegalStateException(Files.readString(directory.resolve("log")), notYet);
                }
            }
            boolean ended = process.waitFor(50, TimeUnit.MILLISECONDS);
            if (ended) {
                throw new IllegalStateException(Files.readString(directory.resolve("log")));
            }
        }
    }

    /** Kills it without a word. */
    void kill() {
        Process ended = process.destroyForcibly()
                .onExit()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(ended.isAlive()).isFalse();
    }

    void put(String key, String value) throws Exception {
        post("kv/put", "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\"}");
    }

    void delete(String key) throws Exception {
        post("kv/deleterange", "{\"key\":\"" + base64(key) + "\"}");
    }

    /** A key that goes after about this many seconds. */
    void putWithLease(String key, String value, int seconds) throws Exception {
        post("lease/grant", "{\"TTL\":" + seconds + ",\"ID\":77}");
        post("kv/put", "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\",\"lease\":77}");
    }

    void post(String path, String json) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address() + "/v3/" + path))
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(path + ": " + answer.statusCode() + ' ' + answer.body());
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        kill();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
