package io.peregrine.client.internal.message;

/** What gRPC allows as a name in a header field, in lower case: one or more of a-z 0-9 - _ . (SPEC MD-1). */
public final class GrpcNames {
    private GrpcNames() {}

    /** Whether the name is legal as it is. */
    public static boolean isLegal(String name) {
        boolean legal = !name.isEmpty();
        for (int i = 0; i < name.length(); i++) {
            char letter = name.charAt(i);
            legal &= (letter >= 'a' && letter <= 'z')
                    || (letter >= '0' && letter <= '9')
                    || letter == '-'
                    || letter == '_'
                    || letter == '.';
        }
        return legal;
    }
}
