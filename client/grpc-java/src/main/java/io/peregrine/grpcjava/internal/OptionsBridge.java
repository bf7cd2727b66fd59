package io.peregrine.grpcjava.internal;

import io.grpc.CallOptions;
import io.grpc.Metadata;
import java.time.Duration;

/** The options of a call, translated. The executor stays here: the facade's calls deliver their events themselves. */
final class OptionsBridge {
    private OptionsBridge() {}

    /**
     * The native options.
     *
     * @param remainingNs the time to the call's deadline, {@code Long.MAX_VALUE} for none
     */
    static io.peregrine.client.CallOptions toNative(
            CallOptions options, long remainingNs, Metadata headers, FacadeChannel channel) {
        io.peregrine.client.CallOptions translated = io.peregrine.client.CallOptions.DEFAULT;
        if (remainingNs != Long.MAX_VALUE) {
            translated = translated.withDeadlineAfter(Duration.ofNanos(remainingNs));
        }
        io.peregrine.client.Metadata metadata = MetadataBridge.toNative(headers);
        if (!metadata.isEmpty()) {
            translated = translated.withMetadata(metadata);
        }
        return withWishes(translated, options, channel);
    }

    /** What few calls want. */
    private static io.peregrine.client.CallOptions withWishes(
            io.peregrine.client.CallOptions plain, CallOptions options, FacadeChannel channel) {
        io.peregrine.client.CallOptions translated = plain;
        if (options.isWaitForReady()) {
            translated = translated.withWaitForReady(true);
        }
        String compressor = options.getCompressor();
        if (compressor != null) {
            translated = translated.withCompressor(compressor);
        }
        String authority = options.getAuthority();
        if (authority != null) {
            translated = translated.withAuthority(authority);
        }
        if (options.getCredentials() != null) {
            translated = translated.withCredentials(
                    new CredentialsOfCalls(options.getCredentials(), options, channel.executor()));
        }
        Integer inbound = options.getMaxInboundMessageSize();
        if (inbound != null) {
            translated = translated.withMaxInboundMessageBytes(inbound);
        }
        Integer outbound = options.getMaxOutboundMessageSize();
        return outbound == null ? translated : translated.withMaxOutboundMessageBytes(outbound);
    }
}
