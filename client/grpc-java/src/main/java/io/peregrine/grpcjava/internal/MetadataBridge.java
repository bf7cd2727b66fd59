package io.peregrine.grpcjava.internal;

import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import io.netty.util.AsciiString;
import java.util.Base64;

/**
 * Header fields from one API to the other, in their order, with names that occur more than once. The only user of
 * {@link InternalMetadata}, which carries no promise to stay.
 */
final class MetadataBridge {
    private static final AsciiString BINARY_SUFFIX = AsciiString.cached("-bin");

    private MetadataBridge() {}

    /** What the application sends, but for the names that the library writes itself. */
    static io.peregrine.client.Metadata toNative(Metadata headers) {
        if (InternalMetadata.headerCount(headers) == 0) {
            return io.peregrine.client.Metadata.EMPTY;
        }
        byte[][] fields = InternalMetadata.serialize(headers);
        io.peregrine.client.Metadata.Builder builder = io.peregrine.client.Metadata.builder();
        for (int i = 0; i < fields.length; i += 2) {
            AsciiString name = new AsciiString(fields[i], false);
            byte[] value = name.endsWith(BINARY_SUFFIX)
                    ? Base64.getEncoder().withoutPadding().encode(fields[i + 1])
                    : fields[i + 1];
            builder.tryPutWire(name, new AsciiString(value, false));
        }
        return builder.build();
    }

    /** What was received. The answer is the caller's, who may change it. */
    static Metadata toGrpc(io.peregrine.client.Metadata received) {
        int size = received.size();
        if (size == 0) {
            return new Metadata();
        }
        byte[][] fields = new byte[2 * size][];
        for (int i = 0; i < size; i++) {
            AsciiString name = received.wireName(i);
            byte[] value = received.wireValue(i).toByteArray();
            fields[2 * i] = name.toByteArray();
            fields[2 * i + 1] =
                    name.endsWith(BINARY_SUFFIX) ? Base64.getDecoder().decode(value) : value;
        }
        return InternalMetadata.newMetadata(fields);
    }
}
