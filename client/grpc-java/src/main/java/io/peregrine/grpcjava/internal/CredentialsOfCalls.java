package io.peregrine.grpcjava.internal;

import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import io.peregrine.client.credentials.CallIdentity;
import java.util.concurrent.Executor;

/** grpc-java's credentials for calls, asked for each attempt; they check the security of the connection themselves. */
public final class CredentialsOfCalls implements io.peregrine.client.credentials.CallCredentials {
    private final CallCredentials credentials;
    private final CallOptions options;
    private final Executor executor;

    /**
     * Credentials over those of grpc-java.
     *
     * @param options of the call that they are for; {@link CallOptions#DEFAULT} for those of a channel
     * @param executor where they may block, unless the options name another
     */
    public CredentialsOfCalls(CallCredentials credentials, CallOptions options, Executor executor) {
        this.credentials = credentials;
        this.options = options;
        this.executor = options.getExecutor() == null ? executor : options.getExecutor();
    }

    @Override
    public boolean requiresPrivacy() {
        return false;
    }

    @Override
    public void apply(CallIdentity call, Applier applier) {
        try {
            credentials.applyRequestMetadata(new Info(call, options), executor, new Answer(applier));
        } catch (RuntimeException | Error thrown) {
            applier.fail(StatusBridge.toNative(Status.UNAUTHENTICATED
                    .withDescription("Credentials should use fail() instead of throwing exceptions")
                    .withCause(thrown)));
        }
    }

    @Override
    public String toString() {
        return "CredentialsOfCalls[" + credentials.getClass().getName() + ']';
    }

    private static final class Info extends CallCredentials.RequestInfo {
        private final CallIdentity call;
        private final CallOptions options;

        Info(CallIdentity call, CallOptions options) {
            this.call = call;
            this.options = options;
        }

        @Override
        public MethodDescriptor<?, ?> getMethodDescriptor() {
            return BridgedMethod.grpcMethodOf(call.method());
        }

        @Override
        public CallOptions getCallOptions() {
            return options;
        }

        @Override
        public SecurityLevel getSecurityLevel() {
            return call.secure() ? SecurityLevel.PRIVACY_AND_INTEGRITY : SecurityLevel.NONE;
        }

        @Override
        public String getAuthority() {
            return call.authority();
        }

        @Override
        public Attributes getTransportAttrs() {
            return Attributes.EMPTY;
        }
    }

    private static final class Answer extends CallCredentials.MetadataApplier {
        private final Applier applier;

        Answer(Applier applier) {
            this.applier = applier;
        }

        @Override
        public void apply(Metadata headers) {
            applier.apply(MetadataBridge.toNative(headers));
        }

        @Override
        public void fail(Status status) {
            if (status.isOk()) {
                throw new IllegalArgumentException("status: OK (expected: why the credentials cannot be had)");
            }
            applier.fail(StatusBridge.toNative(status));
        }
    }
}
