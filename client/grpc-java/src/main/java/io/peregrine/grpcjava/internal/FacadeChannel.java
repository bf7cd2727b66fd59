package io.peregrine.grpcjava.internal;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.peregrine.client.ClientConn;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/** Makes calls over a {@link ClientConn}, behind all interceptors. Safe for use by several threads. */
public final class FacadeChannel extends Channel {
    /** A program that makes up methods does not fill the memory with them. */
    private static final int MAX_METHODS = 4096;

    private final ClientConn conn;
    private final Executor executor;
    private final ConcurrentHashMap<MethodDescriptor<?, ?>, BridgedMethod<?, ?>> methods = new ConcurrentHashMap<>();

    /**
     * Calls over {@code conn}.
     *
     * @param executor where listeners run unless a call names another
     */
    public FacadeChannel(ClientConn conn, Executor executor) {
        this.conn = conn;
        this.executor = executor;
    }

    @Override
    public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
        BridgedMethod<Q, R> bridged = bridge(method);
        return method.getType() == MethodDescriptor.MethodType.UNARY
                ? new UnaryFacadeCall<>(this, bridged, options)
                : new StreamFacadeCall<>(this, bridged, options);
    }

    @Override
    public String authority() {
        return conn.authority();
    }

    ClientConn conn() {
        return conn;
    }

    Executor executor() {
        return executor;
    }

    @SuppressWarnings("unchecked") // made of a method of these types
    private <Q, R> BridgedMethod<Q, R> bridge(MethodDescriptor<Q, R> method) {
        BridgedMethod<?, ?> known = methods.get(method);
        if (known == null) {
            if (methods.size() >= MAX_METHODS) {
                methods.clear();
            }
            known = methods.computeIfAbsent(method, BridgedMethod::new);
        }
        return (BridgedMethod<Q, R>) known;
    }
}
