package io.peregrine.client.internal.flow;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StreamCallback;

/** What starts calls with streams; see {@link io.peregrine.client.ClientConn#startCall}. */
public interface CallStarter {
    /** Starts a call. */
    <Q, R> ClientCall<Q> startCall(MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback);
}
