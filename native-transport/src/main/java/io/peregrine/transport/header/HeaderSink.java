package io.peregrine.transport.header;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.EmptyHeaders;
import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.Iterator;
import java.util.Map.Entry;
import org.jspecify.annotations.Nullable;

/**
 * What Netty's HPACK decoder writes into: one instance for each connection, that only knows how to take a field.
 *
 * <p>Netty's own headers hash every name and allocate an entry for each field, of which a gRPC response has three or
 * four; a flat array reused for every block costs nothing.
 */
@EventLoopConfined
public final class HeaderSink extends EmptyHeaders<CharSequence, CharSequence, Http2Headers> implements Http2Headers {
    /** What is decoded into. */
    private final ResponseHeaders headers = new ResponseHeaders();

    /** The fields of the last block: {@link #headers}, or those of a block that was recognised. */
    private ResponseHeaders last = headers;

    /** The block has more fields than are kept. */
    private boolean tooManyFields;

    /** The fields of the last block. */
    public ResponseHeaders headers() {
        return last;
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        if (headers.size() == ResponseHeaders.MAX_FIELDS) {
            // The rest of the block is decoded all the same, since HPACK's table needs it.
            tooManyFields = true;
            return this;
        }
        AsciiString legal = AsciiString.of(value);
        if (name.length() > 0 && name.charAt(0) == ':') {
            requireLegalPseudoHeader(name);
        } else {
            requireLegalName(name);
            legal = withoutOuterWhitespace(legal);
        }
        if (HttpHeaderValidationUtil.validateValidHeaderValue(legal) != -1) {
            throw new IllegalArgumentException("illegal value of field \"" + name + '"');
        }
        headers.add(AsciiString.of(name), legal);
        return this;
    }

    /**
     * Drops spaces and tabs around a value. RFC 9113 §8.2.1 calls such a field malformed, to keep them from an
     * HTTP/1.1 hop that reads them otherwise; dropping them serves that too. Servers do send them, in a
     * {@code grpc-message} whose text begins or ends with a space, which gRPC's percent-encoding leaves as it is; a
     * good status is worth more than the rule, and the common gRPC clients take such fields as well.
     */
    private static AsciiString withoutOuterWhitespace(AsciiString value) {
        int start = 0;
        int end = value.length();
        while (start < end && isWhitespace(value.byteAt(start))) {
            start++;
        }
        while (end > start && isWhitespace(value.byteAt(end - 1))) {
            end--;
        }
        return end - start == value.length() ? value : value.subSequence(start, end);
    }

    private static boolean isWhitespace(byte octet) {
        return octet == ' ' || octet == '\t';
    }

    /** RFC 9113 §8.3; Netty's decoder itself checks that they come first, and its validation fails on unknown ones. */
    private void requireLegalPseudoHeader(CharSequence name) {
        AsciiString pseudoHeader = AsciiString.of(name);
        if (!PseudoHeaderName.isPseudoHeader(pseudoHeader) || headers.find(pseudoHeader) != null) {
            throw new IllegalArgumentException("unknown or repeated pseudo-header \"" + name + '"');
        }
    }

    /** RFC 9113 §8.2.1; Netty's decoder itself checks connection-specific fields only. */
    private static void requireLegalName(CharSequence name) {
        boolean legal = name.length() > 0;
        for (int i = 0; legal && i < name.length(); i++) {
            char octet = name.charAt(i);
            legal = octet > 0x20 && octet < 0x7F && octet != ':' && (octet < 'A' || octet > 'Z');
        }
        if (!legal) {
            throw new IllegalArgumentException("illegal field name \"" + name + '"');
        }
    }

    @Override
    public int size() {
        return headers.size();
    }

    @Override
    public boolean isEmpty() {
        return headers.size() == 0;
    }

    @Override
    public Iterator<Entry<CharSequence, CharSequence>> iterator() {
        throw new UnsupportedOperationException("read through ResponseHeaders");
    }

    @Override
    public Iterator<CharSequence> valueIterator(CharSequence name) {
        throw new UnsupportedOperationException("read through ResponseHeaders");
    }

    @Override
    public Http2Headers method(CharSequence value) {
        return add(PseudoHeaderName.METHOD.value(), value);
    }

    @Override
    public Http2Headers scheme(CharSequence value) {
        return add(PseudoHeaderName.SCHEME.value(), value);
    }

    @Override
    public Http2Headers authority(CharSequence value) {
        return add(PseudoHeaderName.AUTHORITY.value(), value);
    }

    @Override
    public Http2Headers path(CharSequence value) {
        return add(PseudoHeaderName.PATH.value(), value);
    }

    @Override
    public Http2Headers status(CharSequence value) {
        return add(PseudoHeaderName.STATUS.value(), value);
    }

    @Override
    public @Nullable CharSequence method() {
        return headers.find(PseudoHeaderName.METHOD.value());
    }

    @Override
    public @Nullable CharSequence scheme() {
        return headers.find(PseudoHeaderName.SCHEME.value());
    }

    @Override
    public @Nullable CharSequence authority() {
        return headers.find(PseudoHeaderName.AUTHORITY.value());
    }

    @Override
    public @Nullable CharSequence path() {
        return headers.find(PseudoHeaderName.PATH.value());
    }

    @Override
    public @Nullable CharSequence status() {
        return headers.find(PseudoHeaderName.STATUS.value());
    }

    @Override
    public boolean contains(CharSequence name, CharSequence value, boolean caseInsensitive) {
        throw new UnsupportedOperationException("read through ResponseHeaders");
    }

    /** Netty's HPACK decoder, writing into a {@link HeaderSink} and validating names and values as RFC 9113 §8.2. */
    public static final class Decoder extends DefaultHttp2HeadersDecoder {
        private static final int TABLE_SIZE_UPDATE = 0x20;
        private static final int MAX_TABLE_SIZE_UPDATES = 2;

        private final HeaderSink sink;
        private final KeptBlocks keptBlocks = new KeptBlocks();
        private final long maxHeaderListBytes;

        /** Decodes into {@code sink}, up to a header list of {@code maxHeaderListBytes}. */
        public Decoder(HeaderSink sink, long maxHeaderListBytes) {
            super(true, true, maxHeaderListBytes);
            this.sink = sink;
            this.maxHeaderListBytes = maxHeaderListBytes;
        }

        /**
         * Up to twice the limit in its encoded form, a block is decoded to its end and costs its own call only; beyond
         * that, decoding it is not worth keeping the connection (HOSTILE.md P6).
         */
        @Override
        public long maxHeaderListSizeGoAway() {
            return 2 * maxHeaderListBytes;
        }

        /** As Netty's; a block that was decoded before, and means the same still, is recognised by its octets. */
        @Override
        public Http2Headers decodeHeaders(int streamId, ByteBuf headerBlock) throws Http2Exception {
            ResponseHeaders known = keptBlocks.find(headerBlock);
            if (known != null) {
                headerBlock.readerIndex(headerBlock.writerIndex());
                sink.last = known;
                return sink;
            }
            return decodeUnknown(streamId, headerBlock);
        }

        private Http2Headers decodeUnknown(int streamId, ByteBuf headerBlock) throws Http2Exception {
            requireFewTableSizeUpdates(headerBlock);
            int start = headerBlock.readerIndex();
            boolean mayKeep = keptBlocks.beforeDecoding(headerBlock);
            Http2Headers decoded = super.decodeHeaders(streamId, headerBlock);
            if (sink.tooManyFields) {
                throw Http2Exception.headerListSizeError(
                        streamId, Http2Error.PROTOCOL_ERROR, true, "more than %d fields", ResponseHeaders.MAX_FIELDS);
            }
            if (mayKeep) {
                sink.last = keptBlocks.keep(headerBlock.readerIndex(start), sink.headers);
                headerBlock.readerIndex(headerBlock.writerIndex());
            }
            return decoded;
        }

        /**
         * A block needs two size updates at most (RFC 7541 §4.2), and each costs the decoder a new table: a block of
         * nothing else would cost a hundred times its octets.
         */
        private static void requireFewTableSizeUpdates(ByteBuf block) throws Http2Exception {
            int updates = 0;
            int index = block.readerIndex();
            while (index < block.writerIndex() && (block.getByte(index) & 0xE0) == TABLE_SIZE_UPDATE) {
                updates++;
                if (updates > MAX_TABLE_SIZE_UPDATES) {
                    throw Http2Exception.connectionError(
                            Http2Error.COMPRESSION_ERROR,
                            "a header block with more than %d dynamic table size updates",
                            MAX_TABLE_SIZE_UPDATES);
                }
                index = endOfInteger(block, index);
            }
        }

        /** The index behind an integer whose prefix has five bits; whether it is legal is the decoder's to say. */
        private static int endOfInteger(ByteBuf block, int start) {
            int index = start + 1;
            if ((block.getByte(start) & 0x1F) == 0x1F) {
                while (index < block.writerIndex() && block.getByte(index) < 0) {
                    index++;
                }
                index++;
            }
            return index;
        }

        @Override
        protected Http2Headers newHeaders() {
            sink.headers.clear();
            sink.last = sink.headers;
            sink.tooManyFields = false;
            return sink;
        }
    }
}
