package io.peregrine.client.credentials;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Two credentials for the same call: the fields of the first, then those of the second; names may occur twice (SPEC
 * MD-8). The second is asked after the first has answered, on the thread that answered, and not at all if the first
 * failed.
 */
public final class CompositeCallCredentials implements CallCredentials {
    private static final Status NO_FIELDS =
            Status.of(StatusCode.INTERNAL, "the credentials gave null (expected: fields)");

    private final CallCredentials first;
    private final CallCredentials second;

    private CompositeCallCredentials(CallCredentials first, CallCredentials second) {
        this.first = first;
        this.second = second;
    }

    /** Joins two; more by joining again. */
    public static CompositeCallCredentials of(CallCredentials first, CallCredentials second) {
        return new CompositeCallCredentials(first, second);
    }

    @Override
    public void apply(CallIdentity call, Applier applier) {
        first.apply(call, new First(call, applier));
    }

    /** Whether one of the two does. */
    @Override
    public boolean requiresPrivacy() {
        return first.requiresPrivacy() || second.requiresPrivacy();
    }

    @Override
    public String toString() {
        return "CompositeCallCredentials[" + first + ", " + second + ']';
    }

    /** Takes the answer of the first and asks the second; once, even if the first answers again. */
    private final class First implements Applier {
        private final CallIdentity call;
        private final Applier result;
        private final AtomicBoolean answered = new AtomicBoolean();

        First(CallIdentity call, Applier result) {
            this.call = call;
            this.result = result;
        }

        @Override
        public void apply(@Nullable Metadata fields) {
            if (!answered.compareAndSet(false, true)) {
                return;
            }
            if (fields == null) {
                result.fail(NO_FIELDS);
                return;
            }
            try {
                second.apply(call, new Second(fields, result));
            } catch (RuntimeException | Error thrown) {
                // The first may have answered from any thread, where nobody knows which call this would be.
                result.fail(new Status(StatusCode.INTERNAL, "the credentials threw: " + thrown, thrown));
            }
        }

        @Override
        public void fail(Status status) {
            if (answered.compareAndSet(false, true)) {
                result.fail(status);
            }
        }
    }

    /** Puts the fields of the second behind those of the first. */
    private record Second(Metadata fieldsOfFirst, Applier result) implements Applier {
        @Override
        public void apply(@Nullable Metadata fields) {
            if (fields == null) {
                result.fail(NO_FIELDS);
            } else {
                result.apply(fieldsOfFirst.concat(fields));
            }
        }

        @Override
        public void fail(Status status) {
            result.fail(status);
        }
    }
}
