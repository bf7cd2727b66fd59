package io.peregrine.transport.header;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Encodes request header blocks for one connection (RFC 7541).
 *
 * <p>The fields of a {@link RequestHeaders} enter the peer's dynamic table on their first use and are a byte each
 * from then on, except an authority that a call chose for itself; the whole block is kept and copied. What changes
 * with each call ({@code grpc-timeout} and the caller's own fields) is never indexed.
 *
 * <p>The table only grows. A field that no longer fits is sent as a literal instead of evicting another, so an index
 * moves only when something is inserted, and a kept block is valid exactly while the number of entries is what it
 * was. With entries of about 80 bytes the default 4 096 bytes hold the paths of some forty methods.
 *
 * <p>Invariant: what this class has written must reach the wire in the order in which it was written, since the
 * peer's table follows it.
 */
@EventLoopConfined
public final class HeaderBlockEncoder {
    /** The table never grows over this, whatever the peer allows: its memory is ours (HOSTILE.md 2.2). */
    public static final int MAX_TABLE_BYTES = 4096;

    /** Distinct templates whose blocks are kept; beyond it the cache is emptied. */
    private static final int MAX_KEPT_BLOCKS = 1024;

    private static final int INDEXED = 0x80;
    private static final int LITERAL_INDEXING = 0x40;
    private static final int TABLE_SIZE_UPDATE = 0x20;
    private static final int LITERAL_NEVER_INDEXED = 0x10;
    private static final int LITERAL_NOT_INDEXED = 0x00;

    private static final int STATIC_ENTRIES = 61;
    private static final byte[] GRPC_TIMEOUT = "grpc-timeout".getBytes(StandardCharsets.US_ASCII);

    /** What {@code grpc-timeout} adds to a header list at most: eight digits and a unit. */
    private static final int MAX_TIMEOUT_LIST_BYTES = GRPC_TIMEOUT.length + 9 + RequestHeaders.FIELD_OVERHEAD_BYTES;

    private static final AsciiString AUTHORIZATION = AsciiString.cached("authorization");
    private static final AsciiString COOKIE = AsciiString.cached("cookie");

    /** With room for the few methods that a connection is mostly used for; it grows. */
    private final IdentityHashMap<RequestHeaders, KeptBlock> keptBlocks = new IdentityHashMap<>(4);

    private final List<Entry> table = new ArrayList<>();
    private int tableCapacityBytes = MAX_TABLE_BYTES;
    private int tableBytes;
    private int timeoutEntry = -1;
    private boolean tableSizeUpdateOwed;
    private @Nullable RequestHeaders lastHeaders;
    private @Nullable KeptBlock lastBlock;

    /** Makes the encoder of one connection, whose peer's table is empty and has the default size. */
    public HeaderBlockEncoder() {}

    /**
     * Returns the size of a request's header list as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2), in
     * bytes.
     */
    public static long listBytes(RequestHeaders headers, boolean hasTimeout, @Nullable HeaderFields fields) {
        long bytes = headers.listBytes();
        if (hasTimeout) {
            bytes += MAX_TIMEOUT_LIST_BYTES;
        }
        if (fields != null) {
            for (int i = 0; i < fields.size(); i++) {
                bytes += fields.wireName(i).length()
                        + fields.wireValue(i).length()
                        + RequestHeaders.FIELD_OVERHEAD_BYTES;
            }
        }
        return bytes;
    }

    /**
     * Writes one header block.
     *
     * @param timeoutNs the time left for the call, or {@code Long.MAX_VALUE} for no {@code grpc-timeout}
     */
    public void encode(RequestHeaders headers, long timeoutNs, @Nullable HeaderFields fields, ByteBuf out) {
        if (tableSizeUpdateOwed) {
            writeTableSizeUpdate(out);
        }
        KeptBlock kept = headers == lastHeaders ? lastBlock : keptBlocks.get(headers);
        if (kept != null && kept.tableEntries == table.size()) {
            out.writeBytes(kept.octets);
        } else {
            writeTemplate(headers, out);
            kept = keep(headers);
        }
        lastHeaders = headers;
        lastBlock = kept;
        if (timeoutNs != Long.MAX_VALUE) {
            writeTimeout(timeoutNs, out);
        }
        if (fields != null) {
            writeFields(fields, out);
        }
    }

    /** Applies the peer's SETTINGS_HEADER_TABLE_SIZE; the next block announces what we use of it (RFC 7541 §4.2). */
    public void peerTableSize(long bytes) {
        int capacity = (int) Math.min(bytes, MAX_TABLE_BYTES);
        if (capacity == tableCapacityBytes) {
            return;
        }
        tableCapacityBytes = capacity;
        table.clear();
        tableBytes = 0;
        timeoutEntry = -1;
        keptBlocks.clear();
        lastHeaders = null;
        lastBlock = null;
        tableSizeUpdateOwed = true;
    }

    /** Empties the peer's table first, so that ours, emptied above, agrees with it. */
    private void writeTableSizeUpdate(ByteBuf out) {
        HpackInts.writeInt(out, TABLE_SIZE_UPDATE, 5, 0);
        if (tableCapacityBytes > 0) {
            HpackInts.writeInt(out, TABLE_SIZE_UPDATE, 5, tableCapacityBytes);
        }
        tableSizeUpdateOwed = false;
    }

    private void writeTemplate(RequestHeaders headers, ByteBuf out) {
        for (RequestHeaders.Field field : headers.fields()) {
            writeTemplateField(field, out, true);
        }
    }

    private KeptBlock keep(RequestHeaders headers) {
        if (keptBlocks.size() >= MAX_KEPT_BLOCKS) {
            keptBlocks.clear();
        }
        ByteBuf scratch = Unpooled.buffer(64);
        for (RequestHeaders.Field field : headers.fields()) {
            writeTemplateField(field, scratch, false);
        }
        byte[] octets = Arrays.copyOfRange(scratch.array(), 0, scratch.writerIndex());
        KeptBlock kept = new KeptBlock(octets, table.size());
        keptBlocks.put(headers, kept);
        return kept;
    }

    private void writeTemplateField(RequestHeaders.Field field, ByteBuf out, boolean mayInsert) {
        int index = StaticTable.indexOf(field.name, field.value);
        if (index == 0) {
            index = dynamicIndexOf(field.name, field.value);
        }
        if (index > 0) {
            HpackInts.writeInt(out, INDEXED, 7, index);
            return;
        }
        int nameIndex = StaticTable.indexOfName(field.name);
        if (mayInsert && field.indexed && tableBytes + field.listBytes() <= tableCapacityBytes) {
            writeLiteral(out, LITERAL_INDEXING, 6, nameIndex, field.name, field.value);
            insert(field.name, field.value);
        } else {
            writeLiteral(out, LITERAL_NOT_INDEXED, 4, nameIndex, field.name, field.value);
        }
    }

    /** The name is indexed on first use, with that first value; later values are literals under the name's index. */
    private void writeTimeout(long timeoutNs, ByteBuf out) {
        if (timeoutEntry >= 0) {
            HpackInts.writeInt(out, LITERAL_NOT_INDEXED, 4, indexOfEntry(timeoutEntry));
            GrpcTimeout.write(out, timeoutNs);
            return;
        }
        boolean fits = tableBytes + MAX_TIMEOUT_LIST_BYTES <= tableCapacityBytes;
        out.writeByte(fits ? LITERAL_INDEXING : LITERAL_NOT_INDEXED);
        HpackInts.writeString(out, GRPC_TIMEOUT);
        int valueStart = out.writerIndex();
        GrpcTimeout.write(out, timeoutNs);
        if (fits) {
            byte[] value = new byte[out.writerIndex() - valueStart - 1];
            out.getBytes(valueStart + 1, value);
            timeoutEntry = table.size();
            insert(GRPC_TIMEOUT, value);
        }
    }

    private static void writeFields(HeaderFields fields, ByteBuf out) {
        for (int i = 0; i < fields.size(); i++) {
            AsciiString name = fields.wireName(i);
            boolean secret = name.equals(AUTHORIZATION) || name.equals(COOKIE);
            out.writeByte(secret ? LITERAL_NEVER_INDEXED : LITERAL_NOT_INDEXED);
            HpackInts.writeString(out, name);
            HpackInts.writeString(out, fields.wireValue(i));
        }
    }

    private static void writeLiteral(
            ByteBuf out, int pattern, int prefixBits, int nameIndex, byte[] name, byte[] value) {
        HpackInts.writeInt(out, pattern, prefixBits, nameIndex);
        if (nameIndex == 0) {
            HpackInts.writeString(out, name);
        }
        HpackInts.writeString(out, value);
    }

    private void insert(byte[] name, byte[] value) {
        table.add(new Entry(name, value));
        tableBytes += name.length + value.length + RequestHeaders.FIELD_OVERHEAD_BYTES;
        assert tableBytes <= tableCapacityBytes
                : "table: " + tableBytes + " bytes (expected: 0.." + tableCapacityBytes + ')';
    }

    private int dynamicIndexOf(byte[] name, byte[] value) {
        for (int i = 0; i < table.size(); i++) {
            Entry entry = table.get(i);
            if (Arrays.equals(entry.value, value) && Arrays.equals(entry.name, name)) {
                return indexOfEntry(i);
            }
        }
        return 0;
    }

    /** The newest entry has the lowest index (RFC 7541 §2.3.3). */
    private int indexOfEntry(int position) {
        return STATIC_ENTRIES + table.size() - position;
    }

    private static final class Entry {
        final byte[] name;
        final byte[] value;

        Entry(byte[] name, byte[] value) {
            this.name = name;
            this.value = value;
        }
    }

    /** A template's block in its steady form, valid while the table has {@code tableEntries} entries. */
    private static final class KeptBlock {
        final byte[] octets;
        final int tableEntries;

        KeptBlock(byte[] octets, int tableEntries) {
            this.octets = octets;
            this.tableEntries = tableEntries;
        }
    }

    /** The entries of HPACK's static table (RFC 7541 Appendix A) that a gRPC request uses. */
    private static final class StaticTable {
        private static final int METHOD_POST = 3;
        private static final int SCHEME_HTTP = 6;
        private static final int SCHEME_HTTPS = 7;

        static int indexOf(byte[] name, byte[] value) {
            return switch (ascii(name) + ' ' + ascii(value)) {
                case ":method POST" -> METHOD_POST;
                case ":scheme http" -> SCHEME_HTTP;
                case ":scheme https" -> SCHEME_HTTPS;
                default -> 0;
            };
        }

        static int indexOfName(byte[] name) {
            return switch (ascii(name)) {
                case ":authority" -> 1;
                case ":path" -> 4;
                case "content-type" -> 31;
                case "user-agent" -> 58;
                default -> 0;
            };
        }

        private static String ascii(byte[] octets) {
            return new String(octets, StandardCharsets.US_ASCII);
        }
    }
}
