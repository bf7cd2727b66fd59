package io.peregrine.client.compression;

import io.netty.buffer.ByteBuf;

/** Leaves messages as they are. The call engine copies nothing through it: it knows the name. */
final class IdentityCodec implements Codec {
    static final String NAME = "identity";
    static final IdentityCodec INSTANCE = new IdentityCodec();

    private IdentityCodec() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void compress(ByteBuf message, ByteBuf out) {
        out.writeBytes(message);
    }

    @Override
    public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) {
        out.writeBytes(compressed, (int) Math.min(compressed.readableBytes(), maxBytes + 1L));
    }

    @Override
    public String toString() {
        return NAME;
    }
}
