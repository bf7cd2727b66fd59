package io.peregrine.load.run;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Marshaller;
import java.util.concurrent.atomic.LongAdder;

/**
 * Reads replies by counting their bytes: a generator that copied each reply out would measure its own copying.
 * Every reply is this object itself. Thread-safe.
 */
public final class ReplyCounter implements Marshaller<ReplyCounter> {
    private final LongAdder bytes = new LongAdder();

    ReplyCounter() {}

    @Override
    public int encodedSize(ReplyCounter message) {
        throw new UnsupportedOperationException("a reply is never sent");
    }

    @Override
    public void write(ReplyCounter message, ByteBuf out) {
        throw new UnsupportedOperationException("a reply is never sent");
    }

    @Override
    public ReplyCounter read(ByteBuf in) {
        bytes.add(in.readableBytes());
        in.skipBytes(in.readableBytes());
        return this;
    }

    long bytes() {
        return bytes.sum();
    }
}
