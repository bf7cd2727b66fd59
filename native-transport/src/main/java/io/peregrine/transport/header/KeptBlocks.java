package io.peregrine.transport.header;

import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.ownership.EventLoopConfined;
import org.jspecify.annotations.Nullable;

/**
 * The last header blocks of a connection, octets and fields, so that one that comes again is recognised and not
 * decoded: the responses of a server are mostly the same few octets, behind the first that filled HPACK's dynamic
 * table.
 *
 * <pre>
 *   the octets and the table say what a block means (RFC 7541 §2.2), and the table changes only by a literal with
 *   incremental indexing (§6.2.1) or a size update (§6.3)
 *
 *   block that changes the table, or cannot be read:   not kept, and all that is kept is forgotten
 *   any other that was decoded without an error:       kept when it comes for the second time
 *   block with the octets of a kept one:               the kept fields; the table needs no look
 * </pre>
 *
 * <p>A block that is never the same twice, as one with a time or an id in it, takes nobody's place: what came once
 * leaves a fingerprint only.
 *
 * <p>Bounds: {@value #MAX_BLOCKS} blocks of up to {@value #MAX_BLOCK_BYTES} octets; their fields are within the limits
 * of the decoder.
 */
@EventLoopConfined
final class KeptBlocks {
    static final int MAX_BLOCKS = 8;
    static final int MAX_BLOCK_BYTES = 256;

    private static final int INDEXED = 0x80;
    private static final int LITERAL_INDEXING_OR_SIZE_UPDATE = 0x60;
    private static final int LITERAL_NAME_BITS = 0x0F;

    /** An integer of more octets behind its prefix is over what a block of any legal size can mean. */
    private static final int MAX_INTEGER_OCTETS = 4;

    private final KeptBlock[] blocks = new KeptBlock[MAX_BLOCKS];
    private int count;
    private int oldest;

    /** Of blocks that were decoded; which came first does not matter. */
    private final long[] fingerprints = new long[MAX_BLOCKS];

    private int oldestFingerprint;

    /** Where the walk through a block is. */
    private int cursor;

    /** The fields of the kept block with these octets, or null if it must be decoded. Reads nothing of the block. */
    @Nullable
    ResponseHeaders find(ByteBuf block) {
        int length = block.readableBytes();
        if (count == 0 || length == 0) {
            return null;
        }
        long lastOctets = lastOctets(block, length);
        for (int i = 0; i < count; i++) {
            KeptBlock kept = blocks[i];
            if (kept.lastOctets == lastOctets && kept.length == length && kept.beginsAs(block)) {
                return kept.fields;
            }
        }
        return null;
    }

    /**
     * Comes before a block is decoded that is not kept: forgets all if it may change the table.
     *
     * @return whether its fields may be {@linkplain #keep kept}
     */
    boolean beforeDecoding(ByteBuf block) {
        if (!leavesTheTable(block)) {
            count = 0;
            oldest = 0;
            return false;
        }
        int length = block.readableBytes();
        return length > 0 && length <= MAX_BLOCK_BYTES && cameBefore(fingerprint(block, length));
    }

    /**
     * Keeps a block that was decoded.
     *
     * @param octets the block as it was before it was decoded
     * @return its fields in their lasting form
     */
    ResponseHeaders keep(ByteBuf octets, ResponseHeaders fields) {
        KeptBlock kept = new KeptBlock(octets, fields.lasting());
        if (count < MAX_BLOCKS) {
            blocks[count++] = kept;
        } else {
            blocks[oldest] = kept;
            oldest = (oldest + 1) % MAX_BLOCKS;
        }
        return kept.fields;
    }

    private boolean cameBefore(long fingerprint) {
        for (long known : fingerprints) {
            if (known == fingerprint) {
                return true;
            }
        }
        fingerprints[oldestFingerprint] = fingerprint;
        oldestFingerprint = (oldestFingerprint + 1) % MAX_BLOCKS;
        return false;
    }

    private static long fingerprint(ByteBuf block, int length) {
        long hash = length;
        for (int i = block.readerIndex(); i < block.writerIndex(); i++) {
            hash = 31 * hash + block.getByte(i);
        }
        return hash;
    }

    /**
     * The last eight octets of a block, or all of it, the last one lowest. What stands before a short block in its
     * buffer, as the header of its frame does, is read with it and masked.
     */
    private static long lastOctets(ByteBuf block, int length) {
        int end = block.writerIndex();
        if (length >= Long.BYTES) {
            return block.getLong(end - Long.BYTES);
        }
        if (end >= Long.BYTES) {
            return block.getLong(end - Long.BYTES) & (-1L >>> (Long.SIZE - Byte.SIZE * length));
        }
        long octets = 0;
        for (int i = end - length; i < end; i++) {
            octets = (octets << Byte.SIZE) | block.getUnsignedByte(i);
        }
        return octets;
    }

    // ---- What a block does to the table ----------------------------------------------------------------------

    /** Whether decoding the block leaves the dynamic table as it is; false as well if it cannot be read to its end. */
    private boolean leavesTheTable(ByteBuf block) {
        cursor = block.readerIndex();
        boolean readable = true;
        while (readable && cursor < block.writerIndex()) {
            int first = block.getByte(cursor);
            if ((first & INDEXED) != 0) {
                readable = readInteger(block, 7) >= 0;
            } else if ((first & LITERAL_INDEXING_OR_SIZE_UPDATE) != 0) {
                return false;
            } else {
                boolean indexedName = (first & LITERAL_NAME_BITS) != 0;
                readable = readInteger(block, 4) >= 0 && (indexedName || skipString(block)) && skipString(block);
            }
        }
        return readable;
    }

    private boolean skipString(ByteBuf block) {
        int length = readInteger(block, 7);
        if (length < 0 || length > block.writerIndex() - cursor) {
            return false;
        }
        cursor += length;
        return true;
    }

    /** The integer at the cursor, with a prefix of so many bits (RFC 7541 §5.1); -1 if it is cut or very large. */
    private int readInteger(ByteBuf block, int prefixBits) {
        int end = block.writerIndex();
        if (cursor >= end) {
            return -1;
        }
        int prefix = (1 << prefixBits) - 1;
        int value = block.getByte(cursor++) & prefix;
        if (value < prefix) {
            return value;
        }
        for (int i = 0; i < MAX_INTEGER_OCTETS && cursor < end; i++) {
            int octet = block.getByte(cursor++);
            value += (octet & 0x7F) << (7 * i);
            if (octet >= 0) {
                return value;
            }
        }
        return -1;
    }

    /** One block. */
    private static final class KeptBlock {
        final int length;
        final long lastOctets;

        /** All but the last eight octets, eight in each; those of the last one may be there twice. */
        final long[] beginning;

        final ResponseHeaders fields;

        KeptBlock(ByteBuf octets, ResponseHeaders fields) {
            this.length = octets.readableBytes();
            this.lastOctets = lastOctets(octets, length);
            this.beginning = new long[(length - 1) / Long.BYTES];
            for (int i = 0; i < beginning.length; i++) {
                beginning[i] = octets.getLong(octets.readerIndex() + i * Long.BYTES);
            }
            this.fields = fields;
        }

        boolean beginsAs(ByteBuf block) {
            int start = block.readerIndex();
            for (int i = 0; i < beginning.length; i++) {
                if (block.getLong(start + i * Long.BYTES) != beginning[i]) {
                    return false;
                }
            }
            return true;
        }
    }
}
