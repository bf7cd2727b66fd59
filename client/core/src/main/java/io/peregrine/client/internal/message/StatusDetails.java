package io.peregrine.client.internal.message;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.netty.util.AsciiString;
import io.peregrine.transport.header.ResponseHeaders;
import java.io.IOException;
import java.util.Base64;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What {@code grpc-status-details-bin} says of the status: a {@code google.rpc.Status}, whose code must be the one of
 * {@code grpc-status} (SPEC ST-4). Its details are the application's to read, from the trailers.
 */
final class StatusDetails {
    static final AsciiString NAME = AsciiString.cached("grpc-status-details-bin");

    /** {@code int32 code = 1}. */
    private static final int CODE_TAG = 1 << 3 | WireFormat.WIRETYPE_VARINT;

    private StatusDetails() {}

    /** The code; empty if the field is not there exactly once, or is no {@code google.rpc.Status}. */
    static OptionalInt codeIn(ResponseHeaders trailers) {
        @Nullable AsciiString details = null;
        for (int i = 0; i < trailers.size(); i++) {
            if (NAME.equals(trailers.name(i))) {
                if (details != null) {
                    return OptionalInt.empty();
                }
                details = trailers.value(i);
            }
        }
        return details == null ? OptionalInt.empty() : codeOf(details);
    }

    /** Values that are joined by commas are several, and no base64. */
    private static OptionalInt codeOf(AsciiString base64) {
        try {
            byte[] status = Base64.getDecoder().decode(base64.toByteArray());
            return OptionalInt.of(readCode(CodedInputStream.newInstance(status)));
        } catch (IllegalArgumentException | IOException noStatus) {
            // Details are extra: a server that spoils them has still said how the call ended.
            return OptionalInt.empty();
        }
    }

    private static int readCode(CodedInputStream in) throws IOException {
        int code = 0;
        int tag = in.readTag();
        while (tag != 0) {
            if (tag == CODE_TAG) {
                code = in.readInt32();
            } else if (!in.skipField(tag)) {
                throw new IOException("the end of a group that has not begun");
            }
            tag = in.readTag();
        }
        return code;
    }
}
