package io.peregrine.transport.header;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IllegalFormatException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Any octets as header blocks of one connection: decoded or refused by an {@link Http2Exception}; what is accepted is
 * legal (RFC 9113 §8.2, §8.3), and the same as what Netty's own headers hold.
 *
 * <p>An input is blocks, each behind its length in two octets. Replays the corpus in {@code HeaderBlockFuzzInputs}, and
 * fuzzes with {@code -Pfuzz}.
 */
class HeaderBlockFuzz {
    private static final long MAX_LIST_BYTES = 8192;
    private static final Set<String> CONNECTION_SPECIFIC =
            Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade");
    private static final Set<String> PSEUDO_HEADERS =
            Set.of(":method", ":scheme", ":authority", ":path", ":status", ":protocol");

    @FuzzTest
    void acceptsOnlyLegalFields(byte[] input) {
        HeaderSink sink = new HeaderSink();
        HeaderSink.Decoder ours = new HeaderSink.Decoder(sink, MAX_LIST_BYTES);
        DefaultHttp2HeadersDecoder nettys = new Patient(true);
        DefaultHttp2HeadersDecoder unjudged = new Patient(false);
        ByteBuf in = Unpooled.wrappedBuffer(input);
        boolean alive = true;
        while (alive && in.readableBytes() >= 2) {
            ByteBuf block = in.readSlice(Math.min(in.readUnsignedShort(), in.readableBytes()));
            Http2Exception refusal = decode(ours, block.duplicate());
            if (refusal == null) {
                requireLegal(sink.headers());
            }
            boolean blanks = hasBlanksAroundValues(unjudged, block.duplicate());
            boolean comparable = compare(refusal, sink.headers(), blanks, nettys, block.duplicate());
            alive = comparable && (refusal == null || refusal instanceof Http2Exception.StreamException);
        }
    }

    private static @Nullable Http2Exception decode(DefaultHttp2HeadersDecoder decoder, ByteBuf block) {
        try {
            decoder.decodeHeaders(1, block);
            return null;
        } catch (Http2Exception refused) {
            return refused;
        }
    }

    /**
     * Where both accept, they read the same; and both agree on what ends the connection. False if Netty's side cannot
     * go on: its headers take a name with a percent sign for a format, and fail on that.
     */
    private static boolean compare(
            @Nullable Http2Exception refusal,
            ResponseHeaders fields,
            boolean blanks,
            DefaultHttp2HeadersDecoder nettys,
            ByteBuf block) {
        Http2Headers expected;
        try {
            expected = nettys.decodeHeaders(1, block);
        } catch (Http2Exception.StreamException refusedByNetty) {
            assertThat(refusal != null || blanks || isLegalForUsOnly(fields))
                    .as("Netty refused: %s", refusedByNetty)
                    .isTrue();
            return true;
        } catch (Http2Exception fatal) {
            if (fatal.getCause() instanceof IllegalFormatException) {
                return false;
            }
            assertThat(refusal)
                    .as("Netty ended the connection: %s", fatal)
                    .isNotNull()
                    .isNotInstanceOf(Http2Exception.StreamException.class);
            return true;
        }
        if (refusal != null) {
            // Netty takes any number of table size updates in a block, where RFC 7541 §4.2 knows two.
            if (!String.valueOf(refusal.getMessage()).contains("dynamic table size updates")) {
                assertThat(refusal).isInstanceOf(Http2Exception.StreamException.class);
            }
            return true;
        }
        List<String> theirs = new ArrayList<>();
        for (Map.Entry<CharSequence, CharSequence> field : expected) {
            String name = field.getKey().toString();
            theirs.add(name + "=" + (name.startsWith(":") ? field.getValue() : withoutBlanks(field.getValue())));
        }
        List<String> read = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            read.add(fields.name(i) + "=" + fields.value(i));
        }
        assertThat(read).containsExactlyInAnyOrderElementsOf(theirs);
        return true;
    }

    /** Blanks around values are dropped by us, and some of them refused by Netty (RFC 9113 §8.2.1). */
    private static boolean hasBlanksAroundValues(DefaultHttp2HeadersDecoder unjudged, ByteBuf block) {
        try {
            for (Map.Entry<CharSequence, CharSequence> field : unjudged.decodeHeaders(1, block)) {
                CharSequence value = field.getValue();
                if (withoutBlanks(value).length() < value.length()) {
                    return true;
                }
            }
            return false;
        } catch (Http2Exception refused) {
            return false;
        }
    }

    private static String withoutBlanks(CharSequence value) {
        return value.toString().replaceAll("^[ \\t]+|[ \\t]+$", "");
    }

    /**
     * Netty's headers want names of RFC 9110 (tokens), where RFC 9113 §8.2.1 bids to refuse less. They also judge the
     * values of pseudo-headers: the receiver does that for :status, and refuses what lacks it; no other is in a response,
     * since the decoder refuses what mixes the two.
     */
    private static boolean isLegalForUsOnly(ResponseHeaders fields) {
        boolean legalForUsOnly = false;
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i).toString();
            legalForUsOnly |= name.startsWith(":")
                    ? !name.equals(":status") || fields.value(i).isEmpty()
                    : name.chars().anyMatch(octet -> "\"(),/:;<=>?@[\\]{}".indexOf(octet) >= 0);
        }
        return legalForUsOnly;
    }

    private static void requireLegal(ResponseHeaders headers) {
        Set<String> pseudoHeaders = new HashSet<>();
        boolean regularSeen = false;
        long listBytes = 0;
        assertThat(headers.size()).isLessThanOrEqualTo(ResponseHeaders.MAX_FIELDS);
        for (int i = 0; i < headers.size(); i++) {
            String name = headers.name(i).toString();
            if (name.startsWith(":")) {
                assertThat(PSEUDO_HEADERS).contains(name);
                assertThat(pseudoHeaders.add(name)).as("%s comes once", name).isTrue();
                assertThat(regularSeen)
                        .as("%s comes before regular fields", name)
                        .isFalse();
            } else {
                regularSeen = true;
                requireLegalName(name);
            }
            requireLegalValue(name, headers.value(i));
            listBytes += name.length() + headers.value(i).length() + 32L;
        }
        assertThat(listBytes).isLessThanOrEqualTo(MAX_LIST_BYTES);
    }

    private static void requireLegalName(String name) {
        assertThat(name).isNotEmpty();
        assertThat(CONNECTION_SPECIFIC).doesNotContain(name);
        for (int i = 0; i < name.length(); i++) {
            char octet = name.charAt(i);
            assertThat(octet > 0x20 && octet < 0x7F && octet != ':' && (octet < 'A' || octet > 'Z'))
                    .as("octet 0x%x of name \"%s\"", (int) octet, name)
                    .isTrue();
        }
    }

    private static void requireLegalValue(String name, AsciiString value) {
        if (!name.startsWith(":")) {
            assertThat(value.toString()).as("the value of %s", name).isEqualTo(withoutBlanks(value));
        }
        for (int i = 0; i < value.length(); i++) {
            byte octet = value.byteAt(i);
            assertThat(octet != 0 && octet != '\r' && octet != '\n')
                    .as("octet 0x%x of the value of %s", octet, name)
                    .isTrue();
        }
        if (name.equals("te")) {
            assertThat(value.toString()).isEqualToIgnoringCase("trailers");
        }
    }

    /** Netty's decoder, with its own headers and our limits. */
    private static final class Patient extends DefaultHttp2HeadersDecoder {
        Patient(boolean judging) {
            super(judging, judging, MAX_LIST_BYTES);
        }

        @Override
        public long maxHeaderListSizeGoAway() {
            return 2 * MAX_LIST_BYTES;
        }
    }
}
