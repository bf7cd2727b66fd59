package io.peregrine.jmh;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.credentials.InsecureCredentials;

/** Peregrine as it comes, over plaintext; with a feature, if it is to have one. */
final class PeregrineClient<M> implements EchoClient<M> {
    private final ClientConn conn;
    private final MethodDescriptor<M, M> method;
    private final CallOptions options;

    PeregrineClient(String address, Payload<M> payload) {
        this(address, payload, Feature.NONE);
    }

    PeregrineClient(String address, Payload<M> payload, Feature feature) {
        this(builder(address), payload, feature);
    }

    /** A client whose blocking callers drive its connection. */
    static <M> PeregrineClient<M> callerDriven(String address, Payload<M> payload) {
        return new PeregrineClient<>(builder(address).callerDriven(true), payload, Feature.NONE);
    }

    private static ClientConnBuilder builder(String address) {
        return ClientConn.builder("passthrough:///" + address).credentials(InsecureCredentials.create());
    }

    private PeregrineClient(ClientConnBuilder builder, Payload<M> payload, Feature feature) {
        PeregrineFeatures.configure(builder, feature);
        this.conn = builder.build();
        this.options = PeregrineFeatures.optionsFor(feature);
        this.method = MethodDescriptor.unary(Payload.METHOD, payload.peregrine(), payload.peregrine());
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
                completion.onEnd(null);
            }

            @Override
            public void onFailure(StatusException failure) {
                completion.onEnd(failure);
            }
        };
        return () -> conn.invokeAsync(method, request, options, callback);
    }

    @Override
    public void close() {
        conn.close();
    }
}
