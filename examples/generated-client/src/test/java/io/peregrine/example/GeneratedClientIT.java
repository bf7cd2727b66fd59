package io.peregrine.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Deadline;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.example.quotes.v1.Fill;
import io.peregrine.example.quotes.v1.Order;
import io.peregrine.example.quotes.v1.Quote;
import io.peregrine.example.quotes.v1.QuotesClient;
import io.peregrine.example.quotes.v1.Summary;
import io.peregrine.example.quotes.v1.Symbol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every form of every kind of method that the generated client has, against grpc-java's server. */
class GeneratedClientIT {
    private static final Metadata.Key<String> TENANT = Metadata.Key.of("x-tenant");

    private final CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private final CallOptions more = CallOptions.DEFAULT.withMetadata(
            Metadata.builder().put(TENANT, "blue").build());
    private QuotesServer server;
    private ClientConn conn;
    private QuotesClient client;

    @BeforeEach
    void start() throws Exception {
        server = new QuotesServer();
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
        client = new QuotesClient(conn, options);
    }

    @AfterEach
    void stop() {
        conn.close();
        server.close();
    }

    @Test
    void unaryCalls() throws Exception {
        Collected<Quote> told = new Collected<>();
        Collected<Quote> toldMore = new Collected<>();
        Cancellable unused = client.latestAsync(symbol("ACME"), told);
        Cancellable unusedMore = client.latestAsync(symbol("ACME"), more, toldMore);

        assertThat(client.latest(symbol("ACME"))).isEqualTo(quote("ACME"));
        assertThat(client.latest(symbol("ACME"), more)).isEqualTo(quote("ACME"));
        assertThat(client.latestFuture(symbol("ACME")).get(30, TimeUnit.SECONDS))
                .isEqualTo(quote("ACME"));
        assertThat(client.latestFuture(symbol("ACME"), more).get(30, TimeUnit.SECONDS))
                .isEqualTo(quote("ACME"));
        assertThat(Collected.from(client.latestFlow(symbol("ACME"))).messages()).containsExactly(quote("ACME"));
        assertThat(Collected.from(client.latestFlow(symbol("ACME"), more)).messages())
                .containsExactly(quote("ACME"));
        assertThat(told.messages()).containsExactly(quote("ACME"));
        assertThat(toldMore.messages()).containsExactly(quote("ACME"));
        assertThat(toldMore.headers().get(TENANT)).isEqualTo("blue");
    }

    @Test
    void callsWithManyResponses() throws Exception {
        List<Quote> three = List.of(quote("ACME"), quote("ACME"), quote("ACME"));
        Collected<Quote> told = new Collected<>();
        Collected<Quote> toldMore = new Collected<>();

        try (ClientStream<Symbol, Quote> stream = client.watch(symbol("ACME"));
                ClientStream<Symbol, Quote> streamMore = client.watch(symbol("ACME"), more)) {
            assertThat(stream).containsExactlyElementsOf(three);
            assertThat(streamMore.headers().get(TENANT)).isEqualTo("blue");
            assertThat(streamMore).containsExactlyElementsOf(three);
        }
        assertThat(told.all(client.watchAsync(symbol("ACME"), told)).messages()).isEqualTo(three);
        assertThat(toldMore.all(client.watchAsync(symbol("ACME"), more, toldMore))
                        .messages())
                .isEqualTo(three);
        assertThat(toldMore.headers().get(TENANT)).isEqualTo("blue");
        assertThat(Collected.from(client.watchFlow(symbol("ACME"))).messages()).isEqualTo(three);
        assertThat(Collected.from(client.watchFlow(symbol("ACME"), more)).messages())
                .isEqualTo(three);
    }

    @Test
    void callsWithManyRequests() throws Exception {
        Summary two = Summary.newBuilder().setQuotes(2).build();
        Collected<Summary> told = new Collected<>();

        try (ClientStream<Quote, Summary> stream = client.record();
                ClientStream<Quote, Summary> streamMore = client.record(more)) {
            for (ClientStream<Quote, Summary> each : List.of(stream, streamMore)) {
                each.send(quote("ACME"));
                each.send(quote("EMCA"));
                assertThat(each.closeAndReceive()).isEqualTo(two);
            }
            assertThat(streamMore.headers().get(TENANT)).isEqualTo("blue");
        }
        var call = client.recordAsync(more, told);
        assertThat(call.trySend(quote("ACME"))).isTrue();
        assertThat(call.trySend(quote("ACME"))).isTrue();
        call.closeSend();
        assertThat(told.messages()).containsExactly(two);
        List<Quote> quotes = List.of(quote("ACME"), quote("EMCA"));
        assertThat(this.<Quote, CompletableFuture<Summary>>published(quotes, client::recordFuture)
                        .get(30, TimeUnit.SECONDS))
                .isEqualTo(two);
        assertThat(this.<Quote, CompletableFuture<Summary>>published(quotes, all -> client.recordFuture(all, more))
                        .get(30, TimeUnit.SECONDS))
                .isEqualTo(two);
        assertThat(this.<Quote, Collected<Summary>>published(quotes, all -> Collected.from(client.recordFlow(all)))
                        .messages())
                .containsExactly(two);
        assertThat(this.<Quote, Collected<Summary>>published(
                                quotes, all -> Collected.from(client.recordFlow(all, more)))
                        .messages())
                .containsExactly(two);
    }

    @Test
    void callsWithManyRequestsAndResponses() throws Exception {
        Collected<Fill> told = new Collected<>();

        try (ClientStream<Order, Fill> stream = client.trade();
                ClientStream<Order, Fill> streamMore = client.trade(more)) {
            for (ClientStream<Order, Fill> each : List.of(stream, streamMore)) {
                each.send(order(1));
                assertThat(each.receive()).isEqualTo(fill(1));
                each.send(order(2));
                each.closeSend();
                assertThat(each).containsExactly(fill(2));
            }
            assertThat(streamMore.headers().get(TENANT)).isEqualTo("blue");
        }
        var call = client.tradeAsync(told);
        assertThat(call.trySend(order(3))).isTrue();
        call.closeSend();
        assertThat(told.all(call).messages()).containsExactly(fill(3));
        List<Order> orders = List.of(order(4), order(5));
        assertThat(this.<Order, Collected<Fill>>published(orders, all -> Collected.from(client.tradeFlow(all)))
                        .messages())
                .containsExactly(fill(4), fill(5));
        assertThat(this.<Order, Collected<Fill>>published(orders, all -> Collected.from(client.tradeFlow(all, more)))
                        .messages())
                .containsExactly(fill(4), fill(5));
    }

    @Test
    void aDeadlineOfTheClientEndsTheCall() {
        QuotesClient hurried = client.withDeadlineAfter(Duration.ofMillis(20));

        assertFails(StatusCode.DEADLINE_EXCEEDED, () -> hurried.latest(symbol("SLOW")));
        assertFails(
                StatusCode.DEADLINE_EXCEEDED,
                () -> hurried.watch(symbol("SLOW")).receive());
        assertThat(client.options()).isSameAs(options);
    }

    @Test
    void aDeadlineThatHasPassedEndsAllCalls() {
        QuotesClient late = client.withDeadline(Deadline.after(Duration.ZERO));

        assertFails(StatusCode.DEADLINE_EXCEEDED, () -> late.latest(symbol("ACME")));
        assertFails(StatusCode.DEADLINE_EXCEEDED, () -> late.record().closeAndReceive());
    }

    @Test
    void whatACallSaysComesBeforeWhatTheClientSays() {
        QuotesClient patient = client.withDeadlineAfter(Duration.ofMinutes(10));

        assertFails(
                StatusCode.DEADLINE_EXCEEDED,
                () -> patient.latest(symbol("SLOW"), CallOptions.deadlineAfter(Duration.ofMillis(20))));
    }

    @Test
    void metadataOfTheClientAndOfTheCallAreBothSent() throws Exception {
        CallOptions green = CallOptions.DEFAULT.withMetadata(
                Metadata.builder().put(TENANT, "green").build());
        Collected<Quote> told = new Collected<>();

        Cancellable unused = client.withOptions(options.withDefaults(green)).latestAsync(symbol("ACME"), more, told);

        assertThat(told.headers().get(TENANT)).isEqualTo("green,blue");
    }

    @Test
    void aFailureSaysWhatTheServerSaid() {
        StatusException failure = catchThrowableOfType(StatusException.class, () -> client.latest(symbol("NONE")));

        assertThat(failure.code()).isEqualTo(StatusCode.NOT_FOUND);
        assertThat(failure).hasMessageContaining("no symbol NONE").hasMessageContaining("quotes.v1.Quotes/Latest");
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> client.latestFuture(symbol("NONE")).get(30, TimeUnit.SECONDS))
                .withCauseInstanceOf(StatusException.class);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(
                        () -> Collected.from(client.watchFlow(symbol("NONE"))).messages())
                .withCauseInstanceOf(StatusException.class);
        Collected<Quote> told = new Collected<>();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(
                        () -> told.all(client.watchAsync(symbol("NONE"), told)).messages())
                .withCauseInstanceOf(StatusException.class);
    }

    @Test
    void whatItStartsCanBeCancelled() {
        Collected<Quote> told = new Collected<>();
        Collected<Quote> streamed = new Collected<>();

        client.latestAsync(symbol("SLOW"), told).cancel();
        client.watchAsync(symbol("SLOW"), streamed).cancel();

        for (Collected<Quote> each : List.of(told, streamed)) {
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(each::messages)
                    .withCauseInstanceOf(StatusException.class)
                    .withMessageContaining("CANCELLED");
        }
    }

    @Test
    void theExampleSeesEachPrice() {
        List<Quote> seen = new ArrayList<>();

        new PriceWatch(conn).watch("ACME", seen::add);

        assertThat(seen).hasSize(4).containsOnly(quote("ACME"));
    }

    /** What is made of a publisher that publishes these to its first subscriber. */
    private <Q, T> T published(List<Q> messages, Function<SubmissionPublisher<Q>, T> made) {
        try (SubmissionPublisher<Q> publisher = new SubmissionPublisher<>(Runnable::run, 16)) {
            T result = made.apply(publisher);
            messages.forEach(publisher::submit);
            return result;
        }
    }

    private static void assertFails(StatusCode code, Runnable call) {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(call::run)
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(code));
    }

    private static Symbol symbol(String name) {
        return Symbol.newBuilder().setName(name).build();
    }

    private static Quote quote(String symbol) {
        return Quote.newBuilder().setSymbol(symbol).setPrice(symbol.length()).build();
    }

    private static Order order(int amount) {
        return Order.newBuilder().setSymbol("ACME").setAmount(amount).build();
    }

    private static Fill fill(int amount) {
        return Fill.newBuilder().setSymbol("ACME").setAmount(amount).setPrice(4).build();
    }
}
