package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Ticker;

/**
 * The time of an event loop on the scale of {@link System#nanoTime()}, on which deadlines are. On a real loop the two
 * are the same; a loop with a ticker of its own decides what time it is for everything that runs on it.
 */
final class LoopClock {
    private LoopClock() {}

    static long nanoTime(EventLoop eventLoop) {
        Ticker ticker = eventLoop.ticker();
        // Netty counts from the birth of its clock; deadlines do not.
        return ticker.initialNanoTime() + ticker.nanoTime();
    }
}
