package io.peregrine.grpcjava.internal.message;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Whether a message may be read with its own parser in place of the marshaller of grpc-protobuf. That one has a registry
 * of extensions and a recursion limit of its own, which it does not show: so only messages in which no extension can
 * occur may, and only if the marshaller takes what protobuf's own limit allows.
 */
final class ExtensionFree {
    /** What protobuf allows unless it is told otherwise. */
    private static final int DEFAULT_RECURSION_LIMIT = 100;

    /** The largest number a field may have; no message that is in use has it. */
    private static final int UNKNOWN_FIELD = (1 << 29) - 1;

    private static final int START_GROUP = 3;
    private static final int END_GROUP = 4;
    private static final int TAG_BYTES = 5;

    private ExtensionFree() {}

    /** See above; the marshaller shows a prototype. */
    static boolean isSafe(MethodDescriptor.Marshaller<?> marshaller) {
        Object prototype = ((MethodDescriptor.PrototypeMarshaller<?>) marshaller).getMessagePrototype();
        return prototype instanceof Message message
                && !mayHoldExtensions(message.getDescriptorForType())
                && takesNestedMessages(marshaller);
    }

    private static boolean mayHoldExtensions(Descriptor message) {
        Set<Descriptor> seen = new HashSet<>();
        Deque<Descriptor> open = new ArrayDeque<>();
        open.add(message);
        while (!open.isEmpty()) {
            Descriptor next = open.remove();
            if (next.isExtendable()) {
                return true;
            }
            if (seen.add(next)) {
                for (FieldDescriptor field : next.getFields()) {
                    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                        open.add(field.getMessageType());
                    }
                }
            }
        }
        return false;
    }

    /** Groups of an unknown field count as messages do, whatever the type. */
    private static boolean takesNestedMessages(MethodDescriptor.Marshaller<?> marshaller) {
        byte[] groups = new byte[2 * DEFAULT_RECURSION_LIMIT * TAG_BYTES];
        for (int i = 0; i < 2 * DEFAULT_RECURSION_LIMIT; i++) {
            putTag(groups, i * TAG_BYTES, i < DEFAULT_RECURSION_LIMIT ? START_GROUP : END_GROUP);
        }
        try {
            Object unused = marshaller.parse(new ByteArrayInputStream(groups));
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }

    private static void putTag(byte[] to, int at, int wireType) {
        long tag = (long) UNKNOWN_FIELD << 3 | wireType;
        Arrays.fill(to, at, at + TAG_BYTES, (byte) 0x80);
        for (int i = 0; i < TAG_BYTES; i++) {
            to[at + i] |= (byte) (tag >>> (7 * i) & 0x7F);
        }
        to[at + TAG_BYTES - 1] &= 0x7F;
    }
}
