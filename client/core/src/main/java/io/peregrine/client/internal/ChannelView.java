package io.peregrine.client.internal;

import io.peregrine.client.config.ServiceConfig;

/** What calls may know of their channel's control plane. Any thread; each answer may be old by the time it is used. */
public interface ChannelView {
    /** What calls that start now go by. */
    ServiceConfig serviceConfig();

    /** Whether the resolver has answered since the channel left IDLE for the first time, and the config is final. */
    boolean isResolved();

    /** Why the channel could not connect the last time it failed to; empty if it never did. */
    String lastFailure();
}
