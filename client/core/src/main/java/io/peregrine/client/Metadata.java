package io.peregrine.client;

import io.netty.util.AsciiString;
import io.peregrine.client.internal.message.GrpcNames;
import io.peregrine.transport.header.HeaderFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The custom header fields of a call, in order, as a flat array of names and values (SPEC 2.11, MD-1 to MD-5). A name
 * may occur more than once. Immutable; there is one shared empty instance.
 *
 * <p>Names that belong to the library ({@code content-type}, {@code te}, {@code grpc-timeout} and the like) are
 * refused in what is sent and left out of what is received. Three names are received and not sent:
 * {@code grpc-status-details-bin}, {@code grpc-previous-rpc-attempts} and {@code grpc-retry-pushback-ms} (MD-5). So
 * received metadata can be handed on, with {@link CallOptions#withMetadata}, and loses them there.
 */
public final class Metadata implements HeaderFields {
    /** No fields. */
    public static final Metadata EMPTY = new Metadata(new AsciiString[0], false);

    private static final String BINARY_SUFFIX = "-bin";
    private static final Set<String> OWNED_BY_LIBRARY = Set.of(
            "content-type",
            "user-agent",
            "te",
            "host",
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
            "upgrade");

    /** The names behind {@code grpc-} that have a meaning in the protocol. */
    private static final Set<String> OF_THE_PROTOCOL = Set.of(
            "grpc-timeout",
            "grpc-encoding",
            "grpc-accept-encoding",
            "grpc-message-type",
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "grpc-previous-rpc-attempts",
            "grpc-retry-pushback-ms");

    /** Names and values in turn. */
    private final AsciiString[] fields;

    /** Whether a field came from a peer, and may be one that an application does not send. */
    private final boolean received;

    private Metadata(AsciiString[] fields, boolean received) {
        this.fields = fields;
        this.received = received;
    }

    /** Starts with no fields. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with these fields. */
    public Builder toBuilder() {
        return new Builder().addAll(this);
    }

    /** The number of fields, counting each occurrence of a name. */
    @Override
    public int size() {
        return fields.length / 2;
    }

    /** Whether there is no field. */
    public boolean isEmpty() {
        return fields.length == 0;
    }

    /** The name of field {@code index}, in {@code 0..size()-1}. */
    public String name(int index) {
        return wireName(index).toString();
    }

    /** Whether there is a value under the key. Allocates nothing. */
    public boolean containsKey(Key<?> key) {
        for (int i = 0; i < size(); i++) {
            if (key.name.equals(wireName(i))) {
                return true;
            }
        }
        return false;
    }

    /** The last value under the key, or null if there is none. */
    public <T> @Nullable T get(Key<T> key) {
        for (int i = size() - 1; i >= 0; i--) {
            if (key.name.equals(wireName(i))) {
                return key.parse(wireValue(i));
            }
        }
        return null;
    }

    /** All values under the key, in order; empty if there is none. */
    public <T> List<T> all(Key<T> key) {
        List<T> values = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            if (key.name.equals(wireName(i))) {
                values.add(key.parse(wireValue(i)));
            }
        }
        return values;
    }

    /** These fields and behind them {@code others}; what both have occurs twice. */
    public Metadata concat(Metadata others) {
        if (others.isEmpty() || isEmpty()) {
            return isEmpty() ? others : this;
        }
        AsciiString[] joined = Arrays.copyOf(fields, fields.length + others.fields.length);
        System.arraycopy(others.fields, 0, joined, fields.length, others.fields.length);
        return new Metadata(joined, received || others.received);
    }

    @Override
    public AsciiString wireName(int index) {
        return fields[2 * index];
    }

    /** The value of field {@code index} as it goes on the wire: text, or base64 for a {@code -bin} name. */
    @Override
    public AsciiString wireValue(int index) {
        return fields[2 * index + 1];
    }

    /**
     * These fields as an application may send them: itself, unless some were received. Of those, reserved names are
     * left out; the others must be what {@link Key} and {@link Builder#put} take.
     *
     * @throws IllegalArgumentException if a received name or value is none that may be sent
     */
    Metadata toSend() {
        if (!received) {
            return this;
        }
        Builder sent = builder();
        for (int i = 0; i < size(); i++) {
            String name = Key.requireLegalName(name(i));
            if (!Builder.isReserved(wireName(i))) {
                TextKey.requirePrintable(name, wireValue(i));
                sent.fields.add(wireName(i));
                sent.fields.add(wireValue(i));
            }
        }
        return sent.build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Metadata that && Arrays.equals(fields, that.fields);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(fields);
    }

    /** The names only: values may be secrets. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Metadata[");
        for (int i = 0; i < size(); i++) {
            text.append(i == 0 ? "" : ", ").append(wireName(i));
        }
        return text.append(']').toString();
    }

    /**
     * A name with the type of its values. Keys are compared by name. Immutable.
     *
     * @param <T> String for a text key, byte[] for a binary one
     */
    public abstract static class Key<T> {
        final AsciiString name;

        private Key(String name) {
            this.name = AsciiString.cached(name);
        }

        /**
         * A key for text.
         *
         * @param name of letters, digits, {@code _ - .}; upper case is lowered; not ending in {@code -bin}
         * @throws IllegalArgumentException if the name is illegal
         */
        public static Key<String> of(String name) {
            String legal = requireLegalName(name);
            if (legal.endsWith(BINARY_SUFFIX)) {
                throw new IllegalArgumentException(
                        "metadata name: \"" + name + "\" (expected for text: a name that does not end in -bin)");
            }
            return new TextKey(legal);
        }

        /**
         * A key for bytes.
         *
         * @param name as for {@link #of}, but ending in {@code -bin}
         * @throws IllegalArgumentException if the name is illegal
         */
        public static Key<byte[]> binary(String name) {
            String legal = requireLegalName(name);
            if (!legal.endsWith(BINARY_SUFFIX) || legal.length() == BINARY_SUFFIX.length()) {
                throw new IllegalArgumentException(
                        "metadata name: \"" + name + "\" (expected for bytes: a name that ends in -bin)");
            }
            return new BinaryKey(legal);
        }

        /** The name, in lower case. */
        public final String name() {
            return name.toString();
        }

        abstract T parse(AsciiString wire);

        abstract AsciiString format(T value);

        private static String requireLegalName(String name) {
            String lower = name.toLowerCase(Locale.ROOT);
            if (!GrpcNames.isLegal(lower)) {
                throw new IllegalArgumentException(
                        "metadata name: \"" + name + "\" (expected: one or more of a-z 0-9 - _ .)");
            }
            return lower;
        }
    }

    private static final class TextKey extends Key<String> {
        TextKey(String name) {
            super(name);
        }

        @Override
        String parse(AsciiString wire) {
            return wire.toString();
        }

        @Override
        AsciiString format(String value) {
            requirePrintable(name, value);
            return new AsciiString(value.strip());
        }

        static boolean isPrintable(AsciiString value) {
            for (int i = 0; i < value.length(); i++) {
                if (value.byteAt(i) < 0x20 || value.byteAt(i) > 0x7E) {
                    return false;
                }
            }
            return true;
        }

        static void requirePrintable(CharSequence name, CharSequence value) {
            for (int i = 0; i < value.length(); i++) {
                if (value.charAt(i) < 0x20 || value.charAt(i) > 0x7E) {
                    throw new IllegalArgumentException("metadata value of \"" + name + "\": character "
                            + (int) value.charAt(i) + " at " + i + " (expected: 0x20..0x7E; use a -bin key)");
                }
            }
        }
    }

    private static final class BinaryKey extends Key<byte[]> {
        BinaryKey(String name) {
            super(name);
        }

        /** Padding is optional on the wire (MD-3). */
        @Override
        byte[] parse(AsciiString wire) {
            return Base64.getDecoder().decode(wire.toByteArray());
        }

        @Override
        AsciiString format(byte[] value) {
            return new AsciiString(Base64.getEncoder().withoutPadding().encode(value), false);
        }
    }

    /** Collects fields. Not safe for use by several threads. */
    public static final class Builder {
        private static final AsciiString[] HIDDEN = {
            AsciiString.cached("content-type"),
            AsciiString.cached("grpc-status"),
            AsciiString.cached("grpc-message"),
            AsciiString.cached("grpc-encoding"),
            AsciiString.cached("grpc-accept-encoding"),
            AsciiString.cached("grpc-message-type"),
            AsciiString.cached("grpc-timeout"),
            AsciiString.cached("user-agent"),
            AsciiString.cached("te")
        };

        private final List<AsciiString> fields = new ArrayList<>();
        private boolean received;

        private Builder() {}

        /**
         * Adds a field to be sent.
         *
         * @throws IllegalArgumentException if the library owns the name, or a text value has a character outside
         *     0x20..0x7E
         */
        public <T> Builder put(Key<T> key, T value) {
            if (isReserved(key.name)) {
                throw new IllegalArgumentException(
                        "metadata name: \"" + key.name + "\" (expected: one that is not reserved for gRPC and HTTP)");
            }
            fields.add(key.name);
            fields.add(key.format(value));
            return this;
        }

        /**
         * Adds a field to be sent as it stands on the wire: for adapters of other APIs, whose users may send more than
         * {@link #put} takes, such as {@code grpc-trace-bin}. The field is left out if the library writes that name
         * itself, or gives it a meaning, or if it is illegal in gRPC.
         *
         * @param name in lower case
         * @param value text, or base64 without padding for a {@code -bin} name; not changed afterwards
         * @return whether it was added
         */
        public boolean tryPutWire(AsciiString name, AsciiString value) {
            String text = name.toString();
            if (OWNED_BY_LIBRARY.contains(text)
                    || OF_THE_PROTOCOL.contains(text)
                    || !GrpcNames.isLegal(text)
                    || !TextKey.isPrintable(value)) {
                return false;
            }
            fields.add(name);
            fields.add(value);
            return true;
        }

        /** Adds all fields of {@code other} behind those that are there, in their order; names may repeat. */
        public Builder addAll(Metadata other) {
            fields.addAll(Arrays.asList(other.fields));
            received |= other.received;
            return this;
        }

        /** Removes all values under the key, if there are any. */
        public Builder remove(Key<?> key) {
            for (int i = fields.size() - 2; i >= 0; i -= 2) {
                if (key.name.equals(fields.get(i))) {
                    fields.subList(i, i + 2).clear();
                }
            }
            return this;
        }

        /**
         * Adds a received field. Comma-joined values of a {@code -bin} name are split (D12).
         *
         * @return false if a binary value is not base64; it is left out
         */
        public boolean tryReceive(AsciiString name, AsciiString value) {
            received = true;
            if (!name.endsWith(BINARY_SUFFIX)) {
                fields.add(name);
                fields.add(value);
                return true;
            }
            boolean legal = true;
            for (AsciiString part : value.split(',')) {
                AsciiString octets = part.trim();
                if (isBase64(octets)) {
                    fields.add(name);
                    fields.add(withoutPadding(octets));
                } else {
                    legal = false;
                }
            }
            return legal;
        }

        /** The metadata. */
        public Metadata build() {
            return fields.isEmpty() ? EMPTY : new Metadata(fields.toArray(new AsciiString[0]), received);
        }

        /** Whether the application sees a received field (MD-5). Allocates nothing. */
        public static boolean isVisible(AsciiString name) {
            if (name.charAt(0) == ':') {
                return false;
            }
            for (AsciiString hidden : HIDDEN) {
                if (hidden.equals(name)) {
                    return false;
                }
            }
            return true;
        }

        private static AsciiString withoutPadding(AsciiString base64) {
            int padding = base64.indexOf('=', 0);
            return padding < 0 ? base64 : base64.subSequence(0, padding);
        }

        /** Whether the library owns a name in what is sent (MD-1). Allocates nothing for a name that was asked for before. */
        public static boolean isReserved(AsciiString name) {
            return name.startsWith(":") || name.startsWith("grpc-") || OWNED_BY_LIBRARY.contains(name.toString());
        }

        private static boolean isBase64(AsciiString text) {
            try {
                Base64.getDecoder().decode(text.toByteArray());
                return true;
            } catch (IllegalArgumentException notBase64) {
                return false;
            }
        }
    }
}
