package io.peregrine.client.resolver;

import io.netty.channel.EventLoop;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * What a channel gives its resolver to work with. Immutable.
 *
 * @param defaultPort the port for endpoints that name none: 443 with TLS, 80 without (DN-1)
 * @param timer for delays; its tasks must be short
 * @param eventLoop for resolvers that do I/O of their own through Netty; its tasks must be short, and never block
 * @param clock the time in nanoseconds, as {@link System#nanoTime()} counts it
 * @param wantsServiceConfig whether a service config that is found would count (SPEC SV-10)
 */
public record ResolverContext(
        int defaultPort,
        ScheduledExecutorService timer,
        EventLoop eventLoop,
        LongSupplier clock,
        boolean wantsServiceConfig) {
    /** The usual context, on an event loop. */
    public static ResolverContext of(int defaultPort, EventLoop eventLoop, boolean wantsServiceConfig) {
        return new ResolverContext(defaultPort, eventLoop, eventLoop, System::nanoTime, wantsServiceConfig);
    }
}
