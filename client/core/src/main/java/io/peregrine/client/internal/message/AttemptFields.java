package io.peregrine.client.internal.message;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;
import io.peregrine.transport.header.HeaderFields;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one attempt that its method does not give: how many attempts came before it (SPEC RT-6), the
 * application's metadata, and behind that what its credentials add (MD-8). The application sees only its own.
 */
public final class AttemptFields implements HeaderFields {
    private static final AsciiString PREVIOUS_ATTEMPTS = AsciiString.cached("grpc-previous-rpc-attempts");

    private final @Nullable AsciiString previousAttempts;
    private final Metadata application;
    private final Metadata credentials;

    private AttemptFields(Metadata application, Metadata credentials, int previousAttempts) {
        this.previousAttempts = previousAttempts == 0 ? null : new AsciiString(Integer.toString(previousAttempts));
        this.application = application;
        this.credentials = credentials;
    }

    /** As {@link #of(Metadata, Metadata, int)}, without credentials. */
    public static @Nullable HeaderFields of(Metadata application, int previousAttempts) {
        return of(application, Metadata.EMPTY, previousAttempts);
    }

    /**
     * Joins the fields; allocates nothing if at most one of the two has any and it is the first attempt.
     *
     * @param application what the call's options say
     * @param credentials what the credentials add; may repeat names
     * @param previousAttempts attempts of this call before this one, 0 or more
     * @return null if there are no fields
     */
    public static @Nullable HeaderFields of(Metadata application, Metadata credentials, int previousAttempts) {
        if (previousAttempts > 0 || !(application.isEmpty() || credentials.isEmpty())) {
            return new AttemptFields(application, credentials, previousAttempts);
        }
        if (!application.isEmpty()) {
            return application;
        }
        return credentials.isEmpty() ? null : credentials;
    }

    @Override
    public int size() {
        return ownFields() + application.size() + credentials.size();
    }

    @Override
    public AsciiString wireName(int index) {
        int i = index - ownFields();
        if (i < 0) {
            return PREVIOUS_ATTEMPTS;
        }
        return i < application.size() ? application.wireName(i) : credentials.wireName(i - application.size());
    }

    @Override
    public AsciiString wireValue(int index) {
        AsciiString attempts = previousAttempts;
        if (attempts != null && index == 0) {
            return attempts;
        }
        int i = index - ownFields();
        return i < application.size() ? application.wireValue(i) : credentials.wireValue(i - application.size());
    }

    private int ownFields() {
        return previousAttempts == null ? 0 : 1;
    }
}
