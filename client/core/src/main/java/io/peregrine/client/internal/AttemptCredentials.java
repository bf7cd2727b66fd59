package io.peregrine.client.internal;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.CallIdentity;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Asks the channel's and then the call's credentials for the header fields of one attempt, after the pick and before
 * the stream (SPEC CR-5). Credentials are foreign code: whatever they do, this has one result, which is the first of
 * what they answer and {@link #cancel}.
 *
 * <pre>
 *   channel's step ──fields──▶ call's step ──fields──▶ done, onFields
 *        │                        │
 *        └────────── failure, or cancel ─────────────▶ done, onFailure or nothing
 * </pre>
 *
 * <p>The step in {@link #current} is the only one that is listened to; whoever replaces it has the right to go on.
 */
final class AttemptCredentials {
    private static final System.Logger LOG = System.getLogger(AttemptCredentials.class.getName());

    /** Who the result is for. */
    interface Receiver {
        /** What to send: the application's fields, and behind them those of the credentials (MD-8). */
        void onFields(Metadata fields);

        /**
         * Why nothing is sent; never a code that only the server may choose (PK-6). It is not for a transparent retry,
         * though nothing has left (RT-9).
         */
        void onFailure(Status status);
    }

    private final CallIdentity identity;
    private final Receiver receiver;

    /** Null once there is a result. */
    private final AtomicReference<@Nullable Step> current = new AtomicReference<>();

    private AttemptCredentials(CallIdentity identity, Receiver receiver) {
        this.identity = identity;
        this.receiver = receiver;
    }

    /** A question that is to be asked; before that, a cancel has nothing to let go. */
    static AttemptCredentials prepare(CallIdentity identity, Receiver receiver) {
        return new AttemptCredentials(identity, receiver);
    }

    /**
     * Asks, once. If the credentials answer at once, the receiver has the result before this returns, on this thread;
     * else it gets it on the thread that they answer on.
     *
     * @param ofChannel the channel's credentials for calls; null for none
     * @param ofCall the call's own; null for none. A call without either should not come here: it costs objects
     * @param application the fields that the application sends
     */
    void ask(@Nullable CallCredentials ofChannel, @Nullable CallCredentials ofCall, Metadata application) {
        if (ofChannel != null) {
            ask(null, new Step(ofChannel, true, application, ofCall));
        } else if (ofCall != null) {
            ask(null, new Step(ofCall, false, application, null));
        } else {
            receiver.onFields(application);
        }
    }

    /**
     * Lets go. True if the receiver was not told anything and now never will be; false if it has the result or is about
     * to get it. Any thread.
     */
    boolean cancel() {
        return current.getAndSet(null) != null;
    }

    /** Goes on from one step to the next, unless there is a result already. */
    private void ask(@Nullable Step from, Step next) {
        if (current.compareAndSet(from, next)) {
            next.ask();
        }
    }

    /** One question to one of the credentials. */
    private final class Step implements CallCredentials.Applier {
        private final CallCredentials credentials;
        private final boolean ofChannel;
        private final Metadata before;
        private final @Nullable CallCredentials next;

        Step(CallCredentials credentials, boolean ofChannel, Metadata before, @Nullable CallCredentials next) {
            this.credentials = credentials;
            this.ofChannel = ofChannel;
            this.before = before;
            this.next = next;
        }

        void ask() {
            try {
                if (!identity.secure() && credentials.requiresPrivacy()) {
                    end(Status.of(
                            StatusCode.UNAUTHENTICATED,
                            name() + " require a connection with privacy and integrity, this one is plaintext"));
                } else {
                    credentials.apply(identity, this);
                }
            } catch (RuntimeException | Error thrown) {
                if (!end(new Status(codeWithoutStatus(), name() + " threw: " + thrown, thrown))) {
                    LOG.log(System.Logger.Level.WARNING, name() + " threw after they had answered", thrown);
                }
            }
        }

        @Override
        public void apply(@Nullable Metadata fields) {
            if (fields == null) {
                end(Status.of(codeWithoutStatus(), name() + " gave null (expected: fields)"));
                return;
            }
            for (int i = 0; i < fields.size(); i++) {
                AsciiString name = fields.wireName(i);
                if (Metadata.Builder.isReserved(name)) {
                    end(Status.of(
                            StatusCode.INTERNAL,
                            name() + " set the field \"" + name
                                    + "\" (expected: names that are not reserved for gRPC and HTTP)"));
                    return;
                }
            }
            Metadata joined = before.concat(fields);
            if (next != null) {
                AttemptCredentials.this.ask(this, new Step(next, false, joined, null));
            } else if (current.compareAndSet(this, null)) {
                receiver.onFields(joined);
            }
        }

        @Override
        public void fail(@Nullable Status status) {
            end(
                    status == null
                            ? Status.of(codeWithoutStatus(), name() + " failed without a status")
                            : status.asControlPlane());
        }

        /** False if there was a result already. */
        private boolean end(Status status) {
            if (!current.compareAndSet(this, null)) {
                return false;
            }
            receiver.onFailure(status);
            return true;
        }

        /** CR-4. */
        private StatusCode codeWithoutStatus() {
            return ofChannel ? StatusCode.UNAUTHENTICATED : StatusCode.INTERNAL;
        }

        private String name() {
            return ofChannel ? "the channel's credentials" : "the call's credentials";
        }
    }
}
