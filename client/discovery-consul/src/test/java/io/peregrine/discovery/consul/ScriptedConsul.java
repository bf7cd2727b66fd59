package io.peregrine.discovery.consul;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An HTTP server in the place of Consul: a test takes each query, and answers it at once, later or never. */
final class ScriptedConsul implements AutoCloseable {
    private final BlockingQueue<Query> queries = new LinkedBlockingQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    ScriptedConsul() throws IOException {
        this(HttpServer.create(), 0);
    }

    /** With an HTTP server of one's own, such as one with TLS; port 0 for any. */
    ScriptedConsul(HttpServer server, int port) throws IOException {
        this.server = server;
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> queries.add(new Query(exchange)));
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    /** The next query, which comes within 20 s. */
    Query next() throws InterruptedException {
        Query query = queries.poll(20, TimeUnit.SECONDS);
        if (query == null) {
            throw new AssertionError("no query within 20 s");
        }
        return query;
    }

    /** The queries that have come and were not taken. */
    int waiting() {
        return queries.size();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** A query, and how it is answered. */
    record Query(HttpExchange exchange) {
        String uri() {
            return exchange.getRequestURI().toString();
        }

        String header(String name) {
            return exchange.getRequestHeaders().getFirst(name);
        }

        void answerAt(long index, String json) throws IOException {
            exchange.getResponseHeaders().set("X-Consul-Index", Long.toString(index));
            answer(200, json);
        }

        void answer(int status, String body) throws IOException {
            begin(status, body.getBytes(StandardCharsets.UTF_8).length, body);
            exchange.close();
        }

        /** Sends the head, and of the body only this part. */
        void begin(int status, long promisedBytes, String part) throws IOException {
            exchange.sendResponseHeaders(status, promisedBytes == 0 ? -1 : promisedBytes);
            OutputStream body = exchange.getResponseBody();
            body.write(part.getBytes(StandardCharsets.UTF_8));
            body.flush();
        }

        /** Writes until the other side has gone. */
        void writeUntilRefused(long bytes) throws IOException {
            exchange.getResponseHeaders().set("X-Consul-Index", "1");
            exchange.sendResponseHeaders(200, bytes);
            byte[] part = new byte[1 << 16];
            for (long written = 0; written < bytes; written += part.length) {
                exchange.getResponseBody().write(part);
            }
        }
    }
}
