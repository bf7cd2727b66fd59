package io.peregrine.discovery.consul;

import io.peregrine.client.Cancellable;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.registry.Instances;
import io.peregrine.client.resolver.registry.RegistryResolver;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Watches one service by Consul's blocking queries: a query names the index of the last answer, and is answered when the
 * service's index exceeds it, or after the wait time with what is known already. One query is under way at a time.
 *
 * <p>Rules of the index: it counts once its answer was good, so that a bad one is asked for again. An index below the one
 * that was asked with means that Consul has lost its state, or that another server answers: that answer may be older than
 * what is in use and is not taken, and the next query has no index. An answer that came early and without news, which
 * happens behind proxies that do not know these queries, delays the next one by the backoff.
 */
final class ConsulResolver extends RegistryResolver {
    /** Consul answers late by up to a sixteenth of the wait, on purpose, so that not all clients ask at once. */
    private static final int JITTER_SHARE = 16;

    private static final Duration GRACE = Duration.ofSeconds(10);

    /** A service whose index moves all the time is looked at ten times a second. */
    private static final long MIN_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Of a service that is so large that reading it takes long, and that always changes: a tenth of a processor. */
    private static final int REST_FOR_READING = 9;

    /** A query that is held longer than this may be held by a connection that is dead: a hint asks again. */
    private static final long DOUBTFUL_NS = TimeUnit.SECONDS.toNanos(10);

    private static final int OK = 200;
    private static final int MAX_EXCERPT = 200;

    private final ConsulServer server;
    private final ServiceQuery query;
    private final Duration wait;

    private long index;
    private @Nullable Exchange underWay;

    ConsulResolver(ConsulServer server, ServiceQuery query, Duration wait, ResolverContext context) {
        super(server + ", service \"" + query.service() + '"', context);
        this.server = server;
        this.query = query;
        this.wait = wait;
    }

    /** A query that has not been answered. */
    private static final class Exchange {
        final long askedIndex;
        final long startedNs;
        final Cancellable limit;

        @Nullable
        CompletableFuture<HttpResponse<byte[]>> response;

        Exchange(long askedIndex, long startedNs, Cancellable limit) {
            this.askedIndex = askedIndex;
            this.startedNs = startedNs;
            this.limit = limit;
        }
    }

    @Override
    protected void ask() {
        Duration timeout =
                index == 0 ? GRACE : wait.plus(wait.dividedBy(JITTER_SHARE)).plus(GRACE);
        // The client's own timeout ends with the head of the response; this one covers a body that does not come.
        Cancellable limit =
                schedule(timeout.toNanos(), () -> failed("no answer within " + timeout.toSeconds() + " s", null));
        Exchange exchange = new Exchange(index, nanoTime(), limit);
        underWay = exchange;
        CompletableFuture<HttpResponse<byte[]>> response =
                server.get(query.path(index, wait.toSeconds()), timeout.plus(GRACE));
        exchange.response = response;
        CompletableFuture<?> unused =
                response.whenComplete((answer, failure) -> execute(() -> onEnd(exchange, answer, failure)));
    }

    @Override
    protected void abandon() {
        Exchange exchange = underWay;
        underWay = null;
        if (exchange != null) {
            exchange.limit.cancel();
            if (exchange.response != null) {
                exchange.response.cancel(true);
            }
        }
    }

    @Override
    protected void refresh() {
        if (underWay != null && nanoTime() - underWay.startedNs >= DOUBTFUL_NS) {
            abandon();
            ask();
        }
    }

    private void onEnd(Exchange exchange, @Nullable HttpResponse<byte[]> answer, @Nullable Throwable failure) {
        if (exchange != underWay) {
            return;
        }
        underWay = null;
        exchange.limit.cancel();
        if (answer == null) {
            failed(reasonOf(failure), failure);
        } else if (answer.statusCode() != OK) {
            failed("answered " + answer.statusCode() + excerptOf(answer.body()), null);
        } else {
            onAnswer(exchange, answer);
        }
    }

    private void onAnswer(Exchange exchange, HttpResponse<byte[]> answer) {
        long readSinceNs = nanoTime();
        Instances instances;
        try {
            instances = HealthAnswer.read(answer.body(), query.health());
        } catch (ServiceConfigException malformed) {
            failed("its answer is malformed: " + malformed.getMessage(), malformed);
            return;
        }
        long answered = indexOf(answer);
        if (answered < exchange.askedIndex) {
            index = 0;
            failed("its index went back from " + exchange.askedIndex + " to " + answered, null);
            return;
        }
        index = answered;
        found(instances);
        askNext(exchange, answered > exchange.askedIndex, (nanoTime() - readSinceNs) * REST_FOR_READING);
    }

    private void askNext(Exchange exchange, boolean news, long restNs) {
        long tookNs = nanoTime() - exchange.startedNs;
        if (news || tookNs >= wait.toNanos() / 2) {
            progressed();
            askAfter(Math.max(restNs, MIN_INTERVAL_NS - tookNs));
        } else {
            askAfterBackoff();
        }
    }

    /** Without a header, or with one that is no number, there is nothing to wait for: 0. */
    private static long indexOf(HttpResponse<byte[]> answer) {
        String text = answer.headers().firstValue("X-Consul-Index").orElse("");
        try {
            return Math.max(0, Long.parseLong(text));
        } catch (NumberFormatException notANumber) {
            return 0;
        }
    }

    private static String reasonOf(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause == null) {
            return "no answer";
        }
        String message = cause.getMessage();
        return "no answer: " + (message == null ? cause.getClass().getSimpleName() : message);
    }

    private static String excerptOf(byte[] body) {
        int length = Math.min(body.length, MAX_EXCERPT);
        String text = new String(body, 0, length, StandardCharsets.UTF_8)
                .replaceAll("\\p{Cntrl}", " ")
                .strip();
        return text.isEmpty() ? "" : ": " + text;
    }
}
