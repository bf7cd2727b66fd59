package io.peregrine.jmh.peer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import java.util.function.Consumer;

/** Peregrine as it comes; with a feature, if it is to have one. */
public final class PeregrineClient<M> implements EchoClient<M> {
    private final ClientConn conn;
    private final MethodDescriptor<M, M> method;
    private final Consumer<M> release;
    private final CallOptions options;

    /** Over a channel that it closes with itself. */
    PeregrineClient(ClientConn conn, CallOptions options, Payload<M> payload) {
        this.conn = conn;
        this.options = options;
        this.release = payload.release();
        this.method = MethodDescriptor.unary(Payload.METHOD, payload.peregrine(), payload.peregrine());
    }

    /** As it comes. */
    static <M> EchoClient<M> withDefaults(ClientSetup setup, Payload<M> payload) {
        return new PeregrineClient<>(PeregrineChannel.builder(setup).build(), PeregrineChannel.options(setup), payload);
    }

    /** A client whose blocking callers drive its connection. */
    static <M> EchoClient<M> callerDriven(ClientSetup setup, Payload<M> payload) {
        return new PeregrineClient<>(
                PeregrineChannel.builder(setup).callerDriven(true).build(), PeregrineChannel.options(setup), payload);
    }

    /** Over plaintext, with a feature. */
    public static <M> EchoClient<M> withFeature(String address, Payload<M> payload, Feature feature) {
        ClientConnBuilder builder = PeregrineChannel.builder(ClientSetup.plaintext(address));
        PeregrineFeatures.configure(builder, feature);
        return new PeregrineClient<>(builder.build(), PeregrineFeatures.optionsFor(feature), payload);
    }

    @Override
    public M call(M request) {
        return conn.invoke(method, request, options);
    }

    @Override
    public RepeatedCall newCall(M request, Completion completion) {
        UnaryCallback<M> callback = new UnaryCallback<>() {
            @Override
            public void onSuccess(M response, Metadata trailers) {
                release.accept(response);
                completion.onEnd(null);
            }

            @Override
            public void onFailure(StatusException failure) {
                completion.onEnd(failure);
            }
        };
        return () -> conn.invokeDetached(method, request, options, callback);
    }

    @Override
    public void close() {
        conn.close();
    }
}
