package io.peregrine.client.compression;

import io.peregrine.client.internal.message.GrpcNames;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The codecs of a channel, by name; {@code identity} is always among them. Immutable.
 *
 * <p>All of them are offered to servers, in {@code grpc-accept-encoding}, so a server may compress its responses with
 * any of them. Requests are compressed with the one that the call names, see
 * {@link io.peregrine.client.CallOptions#withCompressor}; by default with none.
 */
public final class Codecs {
    private static final int DEFAULT_LEVEL = -1;
    private static final Codec GZIP = new GzipCodec(DEFAULT_LEVEL);
    private static final Codecs NONE =
            new Codecs(new Codec[] {IdentityCodec.INSTANCE}, new String[] {IdentityCodec.NAME});
    private static final Codecs DEFAULTS = NONE.with(GZIP);

    /** The first is identity; the others in the order in which they were added. */
    private final Codec[] codecs;

    /** The names of {@link #codecs}, asked for once: what they were checked for holds. */
    private final String[] names;

    private final String acceptEncoding;

    private Codecs(Codec[] codecs, String[] names) {
        this.codecs = codecs;
        this.names = names;
        this.acceptEncoding = String.join(",", Arrays.asList(names).subList(1, names.length));
    }

    /** {@code gzip} and {@code identity}. */
    public static Codecs defaults() {
        return DEFAULTS;
    }

    /** {@code identity} alone: servers are told nothing, and so compress nothing. */
    public static Codecs none() {
        return NONE;
    }

    /** Messages as they are. */
    public static Codec identity() {
        return IdentityCodec.INSTANCE;
    }

    /** RFC 1952 through the JDK's zlib, at its default level. */
    public static Codec gzip() {
        return GZIP;
    }

    /**
     * As {@link #gzip()}, at another level: {@code Codecs.defaults().with(Codecs.gzip(1))}.
     *
     * @param level 0 (stores only) to 9 (smallest, slowest); 1 is the fastest that compresses
     * @throws IllegalArgumentException if the level is out of range
     */
    public static Codec gzip(int level) {
        if (level < 0 || level > 9) {
            throw new IllegalArgumentException("gzip level: " + level + " (expected: 0..9)");
        }
        return new GzipCodec(level);
    }

    /**
     * These and {@code codec}, which takes the place of one with the same name.
     *
     * @throws IllegalArgumentException if its name is illegal, or {@code identity}
     */
    public Codecs with(Codec codec) {
        String name = requireLegalName(codec.name());
        int known = indexOf(name);
        int place = known < 0 ? codecs.length : known;
        int size = Math.max(codecs.length, place + 1);
        Codec[] newCodecs = Arrays.copyOf(codecs, size);
        String[] newNames = Arrays.copyOf(names, size);
        newCodecs[place] = codec;
        newNames[place] = name;
        return new Codecs(newCodecs, newNames);
    }

    /** The codec of that name, or null if there is none. Names are compared exactly. Allocates nothing. */
    public @Nullable Codec find(CharSequence name) {
        int place = indexOf(name);
        return place < 0 ? null : codecs[place];
    }

    /**
     * The value of {@code grpc-accept-encoding} (SPEC MS-3): the names of all but {@code identity}, which needs no
     * mention, with commas between them. Empty if there are no others; the field is then left out.
     */
    public String acceptEncoding() {
        return acceptEncoding;
    }

    /** The names, for messages. */
    @Override
    public String toString() {
        return String.join(", ", names);
    }

    private int indexOf(CharSequence name) {
        for (int i = 0; i < names.length; i++) {
            if (names[i].contentEquals(name)) {
                return i;
            }
        }
        return -1;
    }

    private static String requireLegalName(String name) {
        if (!GrpcNames.isLegal(name) || name.equals(IdentityCodec.NAME)) {
            throw new IllegalArgumentException(
                    "codec name: \"" + name + "\" (expected: one or more of a-z 0-9 - _ . other than identity)");
        }
        return name;
    }
}
