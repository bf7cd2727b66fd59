package io.peregrine.example;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.example.quotes.v1.Quote;
import io.peregrine.example.quotes.v1.QuotesClient;
import io.peregrine.example.quotes.v1.Symbol;
import java.time.Duration;
import java.util.function.Consumer;

/** Prints the last price of an instrument, and then each new one. */
public final class PriceWatch {
    private final QuotesClient quotes;

    /** Asks over the channel, which stays the caller's. */
    public PriceWatch(ClientConn conn) {
        this.quotes = new QuotesClient(conn);
    }

    /**
     * Watches a symbol until the server ends it.
     *
     * @param args the server's target, as {@code localhost:50051}, and the symbol
     */
    public static void main(String[] args) {
        if (args.length != 2) {
            throw new IllegalArgumentException("arguments: " + args.length + " (expected: a target and a symbol)");
        }
        try (ClientConn conn = ClientConn.builder(args[0])
                .credentials(InsecureCredentials.create())
                .build()) {
            new PriceWatch(conn)
                    .watch(args[1], quote -> System.out.println(quote.getSymbol() + ' ' + quote.getPrice()));
        }
    }

    /** Tells the last price of the symbol, which has to come within half a minute, and then each new one. */
    public void watch(String name, Consumer<Quote> told) {
        Symbol symbol = Symbol.newBuilder().setName(name).build();
        told.accept(quotes.latest(symbol, CallOptions.deadlineAfter(Duration.ofSeconds(30))));
        try (ClientStream<Symbol, Quote> prices = quotes.watch(symbol)) {
            prices.forEach(told);
        }
    }
}
