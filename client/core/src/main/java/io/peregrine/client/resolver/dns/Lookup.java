package io.peregrine.client.resolver.dns;

import java.net.InetAddress;
import java.util.concurrent.CompletableFuture;

/**
 * Who answers the questions of one round of name resolution. Its methods return at once and never throw; futures may
 * complete on any thread, and those that are open when the round is closed may never complete.
 *
 * <p>A name that does not exist, or has no such records, is an empty answer; whatever may be otherwise the next time
 * fails the future (SPEC DN-6).
 */
interface Lookup extends AutoCloseable {
    /** The addresses of a host, in order of preference. */
    CompletableFuture<Answer<InetAddress>> addresses(String host);

    /** The TXT records of a name, the strings of each joined (DN-8). */
    CompletableFuture<Answer<String>> texts(String name);

    /** The SRV records of a name. */
    CompletableFuture<Answer<SrvRecord>> services(String name);

    /** Ends the round. */
    @Override
    void close();

    /** Who is asked, for messages. */
    @Override
    String toString();
}
