package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import org.jspecify.annotations.Nullable;

/**
 * Credentials of a channel together with those of each of its calls (SPEC CR-1). A call's own credentials apply after
 * them.
 */
public final class CompositeChannelCredentials extends ChannelCredentials {
    private final ChannelCredentials channel;
    private final CallCredentials calls;

    private CompositeChannelCredentials(ChannelCredentials channel, CallCredentials calls) {
        this.channel = channel;
        this.calls = calls;
    }

    /**
     * Joins the two. If {@code channel} has credentials for calls already, they apply first.
     *
     * @param calls over plaintext, calls end with UNAUTHENTICATED unless these allow it (CR-3)
     */
    public static CompositeChannelCredentials of(ChannelCredentials channel, CallCredentials calls) {
        CallCredentials earlier = channel.callCredentials();
        return new CompositeChannelCredentials(
                channel, earlier == null ? calls : CompositeCallCredentials.of(earlier, calls));
    }

    @Override
    public @Nullable ClientTls tls() {
        return channel.tls();
    }

    @Override
    public CallCredentials callCredentials() {
        return calls;
    }

    /** Shows no secret, if the credentials for calls show none. */
    @Override
    public String toString() {
        return "CompositeChannelCredentials[" + channel + ", " + calls + ']';
    }
}
