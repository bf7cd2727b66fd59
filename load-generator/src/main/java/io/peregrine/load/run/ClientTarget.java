package io.peregrine.load.run;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.transport.io.EventLoops;
import java.util.List;

/** Calls one method with one ready request over a number of {@link ClientConn}s, one for each lane. */
public final class ClientTarget implements CallTarget, AutoCloseable {
    private final List<ClientConn> connections;
    private final EventLoops eventLoops;
    private final MethodDescriptor<byte[], ReplyCounter> method;
    private final byte[] request;
    private final CallOptions options;
    private final ReplyCounter replies = new ReplyCounter();

    /**
     * @param connections one for each lane, at least one; closed with this
     * @param eventLoops what they run on; closed with this
     * @param method the full name of a unary method
     * @param request the encoded message that every call sends
     * @param options deadline and metadata of every call
     */
    public ClientTarget(
            List<ClientConn> connections, EventLoops eventLoops, String method, byte[] request, CallOptions options) {
        this.connections = List.copyOf(connections);
        this.eventLoops = eventLoops;
        this.method = MethodDescriptor.unary(method, Marshallers.bytes(), replies);
        this.request = request.clone();
        this.options = options;
    }

    @Override
    public int lanes() {
        return connections.size();
    }

    @Override
    public void start(int lane, CallSlot slot) {
        Cancellable unused = connections.get(lane).invokeAsync(method, request, options, slot);
    }

    @Override
    public void call(int lane, CallSlot slot) {
        try {
            ReplyCounter unused = connections.get(lane).invoke(method, request, options);
        } catch (StatusException failure) {
            slot.onFailure(failure);
            return;
        }
        slot.onOk();
    }

    /** The sum of the sizes of all reply messages so far, in bytes. */
    public long replyBytes() {
        return replies.bytes();
    }

    @Override
    public void close() {
        connections.forEach(ClientConn::close);
        eventLoops.close();
    }
}
