package io.peregrine.client.internal.retry;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;

/** Trailers as they come from a server. */
final class Trailers {
    private Trailers() {}

    /** One field for each value, between fields of other names. */
    static Metadata pushback(String... values) {
        Metadata.Builder trailers = Metadata.builder();
        trailers.tryReceive(AsciiString.of("x-before"), AsciiString.of("-7"));
        for (String value : values) {
            trailers.tryReceive(AsciiString.of("grpc-retry-pushback-ms"), AsciiString.of(value));
        }
        trailers.tryReceive(AsciiString.of("grpc-retry-pushback-msx"), AsciiString.of("9"));
        return trailers.build();
    }
}
