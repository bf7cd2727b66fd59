package io.peregrine.grpcjava;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Calls again what was UNAVAILABLE, each time with a new call, as applications had it before grpc-java could retry. */
final class RepeatedCalls implements ClientInterceptor {
    private final int maxCalls;

    RepeatedCalls(int maxCalls) {
        this.maxCalls = maxCalls;
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        return method.getType() == MethodDescriptor.MethodType.UNARY
                ? new RepeatedCall<>(() -> next.newCall(method, options), maxCalls)
                : next.newCall(method, options);
    }

    private static final class RepeatedCall<Q, R> extends ClientCall<Q, R> {
        private final Supplier<ClientCall<Q, R>> calls;
        private int left;
        private @Nullable Listener<R> listener;
        private @Nullable Metadata headers;
        private @Nullable Q request;
        private volatile @Nullable ClientCall<Q, R> current;

        RepeatedCall(Supplier<ClientCall<Q, R>> calls, int maxCalls) {
            this.calls = calls;
            this.left = maxCalls;
        }

        @Override
        public void start(Listener<R> responseListener, Metadata requestHeaders) {
            listener = responseListener;
            headers = requestHeaders;
        }

        @Override
        public void request(int messages) {}

        @Override
        public void sendMessage(Q message) {
            request = message;
        }

        @Override
        public void halfClose() {
            callOnce();
        }

        @Override
        public void cancel(@Nullable String message, @Nullable Throwable cause) {
            ClientCall<Q, R> call = current;
            if (call != null) {
                call.cancel(message, cause);
            }
        }

        private void callOnce() {
            left--;
            ClientCall<Q, R> call = calls.get();
            current = call;
            // Whoever is behind may add to them.
            Metadata own = new Metadata();
            own.merge(Objects.requireNonNull(headers));
            call.start(
                    new SimpleForwardingClientCallListener<R>(Objects.requireNonNull(listener)) {
                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            if (status.getCode() == Status.Code.UNAVAILABLE && left > 0) {
                                callOnce();
                            } else {
                                super.onClose(status, trailers);
                            }
                        }
                    },
                    own);
            call.request(2);
            call.sendMessage(Objects.requireNonNull(request));
            call.halfClose();
        }
    }
}
