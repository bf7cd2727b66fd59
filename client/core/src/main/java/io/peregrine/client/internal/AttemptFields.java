package io.peregrine.client.internal;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;
import io.peregrine.transport.header.HeaderFields;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of one attempt beyond those of its method: the number of attempts before it (SPEC RT-6), the
 * application's metadata, and what credentials add behind that (MD-8). Immutable.
 */
final class AttemptFields implements HeaderFields {
    private static final AsciiString PREVIOUS_ATTEMPTS = AsciiString.cached("grpc-previous-rpc-attempts");

    private final @Nullable AsciiString previousAttempts;
    private final Metadata application;
    private final Metadata credentials;

    private AttemptFields(@Nullable AsciiString previousAttempts, Metadata application, Metadata credentials) {
        this.previousAttempts = previousAttempts;
        this.application = application;
        this.credentials = credentials;
    }

    /** The fields, or null if there are none; the metadata itself where it is all. */
    static @Nullable HeaderFields of(Metadata application, int previousAttempts) {
        return of(application, Metadata.EMPTY, previousAttempts);
    }

    /** The fields, with those of credentials. */
    static @Nullable HeaderFields of(Metadata application, Metadata credentials, int previousAttempts) {
        if (previousAttempts == 0 && credentials.isEmpty()) {
            return application.isEmpty() ? null : application;
        }
        AsciiString count = previousAttempts == 0 ? null : new AsciiString(Integer.toString(previousAttempts));
        return new AttemptFields(count, application, credentials);
    }

    @Override
    public int size() {
        return own() + application.size() + credentials.size();
    }

    @Override
    public AsciiString wireName(int index) {
        int behind = index - own();
        if (behind < 0) {
            return PREVIOUS_ATTEMPTS;
        }
        int added = behind - application.size();
        return added < 0 ? application.wireName(behind) : credentials.wireName(added);
    }

    @Override
    public AsciiString wireValue(int index) {
        int behind = index - own();
        if (behind < 0) {
            assert previousAttempts != null;
            return previousAttempts;
        }
        int added = behind - application.size();
        return added < 0 ? application.wireValue(behind) : credentials.wireValue(added);
    }

    private int own() {
        return previousAttempts == null ? 0 : 1;
    }
}
