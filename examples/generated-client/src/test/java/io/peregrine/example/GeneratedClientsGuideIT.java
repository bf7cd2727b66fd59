package io.peregrine.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Deadline;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.example.quotes.v1.Fill;
import io.peregrine.example.quotes.v1.Order;
import io.peregrine.example.quotes.v1.Quote;
import io.peregrine.example.quotes.v1.QuotesClient;
import io.peregrine.example.quotes.v1.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/guides/generated-clients.md: they run against grpc-java's server, and this module builds so. */
class GeneratedClientsGuideIT {
    private static final Path GUIDE = Path.of("..", "..", "docs", "guides", "generated-clients.md");
    private static final Path SOURCE = Path.of("src/test/java/io/peregrine/example/GeneratedClientsGuideIT.java");

    private final CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private final Symbol symbol = Symbol.newBuilder().setName("ACME").build();
    private QuotesServer server;
    private ClientConn conn;

    @BeforeEach
    void start() throws Exception {
        server = new QuotesServer();
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }

    @AfterEach
    void stop() {
        conn.close();
        server.close();
    }

    @Test
    void building() {
        QuotesClient quotes = new QuotesClient(conn, CallOptions.deadlineAfter(Duration.ofSeconds(30)));
        Quote last = quotes.latest(symbol);

        assertThat(last.getPrice()).isEqualTo(4);
    }

    @Test
    void forms() throws Exception {
        QuotesClient quotes = new QuotesClient(conn, options);
        Collected<Quote> callback = new Collected<>();
        List<Quote> seen = new ArrayList<>();
        List<Fill> seenFills = new ArrayList<>();
        Order order = Order.newBuilder().setSymbol("ACME").setAmount(3).build();

        CompletableFuture<Quote> future = quotes.latestFuture(symbol);
        Cancellable call = quotes.latestAsync(symbol, callback);

        try (ClientStream<Symbol, Quote> prices = quotes.watch(symbol)) {
            for (Quote quote : prices) {
                seen.add(quote);
            }
        }

        try (ClientStream<Order, Fill> trade = quotes.trade()) {
            trade.send(order);
            Fill fill = trade.receive();
            seenFills.add(fill);
        }

        assertThat(callback.messages()).containsExactly(future.get(30, TimeUnit.SECONDS));
        assertThat(seen).hasSize(3);
        assertThat(seenFills).singleElement().extracting(Fill::getAmount).isEqualTo(3);
        call.cancel();
    }

    @Test
    void deadlines() {
        QuotesClient quotes = new QuotesClient(conn, options);

        QuotesClient hurried = quotes.withDeadlineAfter(Duration.ofMillis(50));
        QuotesClient forOneRequest = quotes.withDeadline(Deadline.after(Duration.ofSeconds(2)));
        QuotesClient compressed = quotes.withOptions(quotes.options().withCompressor("gzip"));
        Quote last = compressed.latest(symbol, CallOptions.deadlineAfter(Duration.ofSeconds(10)));

        assertThat(last.getPrice()).isEqualTo(4);
        assertThat(hurried.options().timeoutNs()).isEqualTo(50_000_000);
        assertThat(forOneRequest.options().deadline()).isNotNull();
        assertThat(forOneRequest.conn()).isSameAs(conn);
    }

    @Test
    void besideTheForms() throws Exception {
        QuotesClient quotes = new QuotesClient(conn, options);
        Collected<Quote> callback = new Collected<>();

        UnaryResponse<Quote> response = conn.invokeForResponse(QuotesClient.LATEST, symbol, quotes.options());
        conn.invokeDetached(QuotesClient.LATEST, symbol, quotes.options(), callback);

        assertThat(callback.messages()).containsExactly(response.message());
        assertThat(QuotesClient.SERVICE_NAME).isEqualTo("quotes.v1.Quotes");
    }

    @Test
    void theGuideShowsWhatRunsHere() throws IOException {
        assertShows("java", SOURCE, 4);
        assertShows("xml", Path.of("pom.xml"), 1);
    }

    private static void assertShows(String language, Path file, int snippets) throws IOException {
        List<String> source = stripped(Files.readString(file));
        Matcher found =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(GUIDE));
        int count = 0;
        while (found.find()) {
            count++;
            assertThat(source).containsSequence(stripped(found.group(1)));
        }
        assertThat(count).isEqualTo(snippets);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).toList();
    }
}
