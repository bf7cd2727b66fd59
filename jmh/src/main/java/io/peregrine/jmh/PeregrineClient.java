package io.peregrine.jmh;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.credentials.InsecureCredentials;

/** Peregrine as it comes, over plaintext. */
final class PeregrineClient<M> implements EchoClient<M> {
    private final ClientConn conn;
    private final MethodDescriptor<M, M> method;

    PeregrineClient(String address, Payload<M> payload) {
        this.conn = ClientConn.builder("passthrough:///" + address)
                .credentials(InsecureCredentials.create())
                .build();
        this.method = MethodDescriptor.unary(Payload.METHOD, payload.peregrine(), payload.peregrine());
    }

    @Override
    public M call(M request) {
        return conn.invoke(method, request, CallOptions.DEFAULT);
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
        return () -> conn.invokeAsync(method, request, CallOptions.DEFAULT, callback);
    }

    @Override
    public void close() {
        conn.close();
    }
}
