package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.interceptor.ForwardingClientCall;
import io.peregrine.client.interceptor.MetadataInterceptor;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.internal.chain.CallerDeadline;
import io.peregrine.client.internal.chain.StreamChain;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@link StreamInterceptor} promises. The last interceptor of each chain is the server of these tests. */
class InterceptedStreamTest {
    private static final MethodDescriptor<byte[], byte[]> CHAT =
            MethodDescriptor.bidiStreaming("test.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text");
    private static final byte[] MESSAGE = {1};

    private final CallFixture fixture = new CallFixture();
    private final Server server = new Server();
    private final Recorder told = new Recorder();

    // ---- What interceptors may do ----------------------------------------------------------------------------

    @Test
    void withoutInterceptorsThereIsNoChain() {
        assertThat(StreamChain.of(List.of(), fixture.dispatcher, new Direct())).isNull();
    }

    @Test
    void aForwardingCallSeesAndChangesWhatIsSent() {
        ByteInterceptor doubling =
                (method, options, callback, next) -> new ForwardingClientCall<>(next.start(method, options, callback)) {
                    @Override
                    public boolean trySend(byte[] message) {
                        return call().trySend(new byte[] {message[0], message[0]});
                    }
                };
        ClientCall<byte[]> call = start(doubling);

        assertThat(call.trySend(MESSAGE)).isTrue();
        assertThat(call.isWritable()).isTrue();
        call.cork();
        call.compress(false);
        call.flush();
        call.request(3);
        call.closeSend();

        assertThat(server.sent).containsExactly(new byte[] {1, 1});
        assertThat(server.calls).containsExactly("cork", "compress false", "flush", "request 3", "closeSend");
    }

    @Test
    void aCallbackOfAnInterceptorSeesAndChangesWhatArrives() {
        ByteInterceptor doubling =
                (method, options, callback, next) -> next.start(method, options, new ForwardingCallback(callback) {
                    @Override
                    public void onMessage(byte[] message) {
                        callback.onMessage(new byte[] {message[0], message[0]});
                    }
                });
        start(doubling);

        server.callback().onHeaders(Metadata.EMPTY);
        server.callback().onMessage(MESSAGE);
        server.callback().onWritable();
        server.callback().onComplete(Metadata.EMPTY);

        assertThat(told.events).containsExactly("headers", "message [1, 1]", "writable", "complete");
    }

    @Test
    void fixedMetadataGoesBeforeTheCallsOwn() {
        Metadata fixed = Metadata.builder().put(TEXT, "fixed").build();
        Metadata own = Metadata.builder().put(TEXT, "own").build();

        chain(MetadataInterceptor.of(fixed), server).start(CHAT, CallOptions.DEFAULT.withMetadata(own), told);

        assertThat(server.options().metadata().all(TEXT)).containsExactly("fixed", "own");
    }

    @Test
    void anInterceptorStartsAgainWithNext() {
        ByteInterceptor retrying =
                (method, options, callback, next) -> next.start(method, options, new ForwardingCallback(callback) {
                    @Override
                    public void onFailure(StatusException failure) {
                        next.start(method, options, callback);
                    }
                });
        start(retrying);

        server.callback().onFailure(new StatusException(Status.of(StatusCode.UNAVAILABLE, "later")));
        server.callback().onComplete(Metadata.EMPTY);

        assertThat(server.starts).isEqualTo(2);
        assertThat(told.events).containsExactly("complete");
    }

    @Test
    void theBlockingFaceWorksOnTheCallOfAnInterceptor() {
        ByteInterceptor echo = (method, options, callback, next) -> new Server() {
            @Override
            public boolean trySend(byte[] message) {
                callback.onMessage(message);
                return true;
            }

            @Override
            public void closeSend() {
                callback.onComplete(Metadata.EMPTY);
            }
        };
        BlockingStream<byte[], byte[]> stream = blocking(CallOptions.DEFAULT, echo);

        assertThat(stream.send(MESSAGE)).isTrue();
        stream.call().closeSend();

        assertThat(stream.receive()).isEqualTo(MESSAGE);
        assertThat(stream.receive()).isNull();
        assertThat(stream.send(MESSAGE)).isFalse();
    }

    // ---- What interceptors do wrong --------------------------------------------------------------------------

    @Test
    void p12WhatAnInterceptorThrowsEndsTheCallWithUnknown() {
        IllegalStateException thrown = new IllegalStateException("broken");
        ClientCall<byte[]> call = start((ByteInterceptor) (method, options, callback, next) -> {
            throw thrown;
        });

        assertThat(told.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(told.status().cause()).isSameAs(thrown);
        assertThat(call.trySend(MESSAGE)).isTrue();
        assertThat(call.isWritable()).isTrue();
        call.request(1);
        call.cork();
        call.flush();
        call.compress(true);
        call.closeSend();
        call.cancel();
        assertThat(told.events).hasSize(1);
    }

    @Test
    void p12WhatAnInterceptorThrowsBehindNextCancelsWhatItStarted() {
        start((ByteInterceptor) (method, options, callback, next) -> {
            next.start(method, options, callback);
            throw new IllegalStateException("broken");
        });

        assertThat(server.calls).containsExactly("cancel cancelled");
        assertThat(told.status().code()).isEqualTo(StatusCode.UNKNOWN);
        server.callback().onMessage(MESSAGE);
        assertThat(told.events).hasSize(1);
    }

    @Test
    void p12NullInPlaceOfTheCallEndsItWithUnknown() {
        start((ByteInterceptor) (method, options, callback, next) -> null);

        assertThat(told.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(told.status().message()).contains("null");
    }

    @Test
    void p12WhatAnInterceptorsCallbackThrowsEndsTheCallWithUnknown() {
        start((ByteInterceptor) (method, options, callback, next) ->
                next.start(method, options, new ForwardingCallback(callback) {
                    @Override
                    public void onMessage(byte[] message) {
                        throw new IllegalStateException("broken");
                    }
                }));

        server.callback().onMessage(MESSAGE);

        assertThat(told.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(server.calls).containsExactly("cancel cancelled");
    }

    @Test
    void p12WhatTheApplicationsCallbackThrowsCancelsTheCallWithThatCause() {
        IllegalStateException thrown = new IllegalStateException("the application's");
        Recorder throwing = new Recorder() {
            @Override
            public void onMessage(byte[] message) {
                throw thrown;
            }
        };
        chain(server).start(CHAT, CallOptions.DEFAULT, throwing);

        server.callback().onMessage(MESSAGE);

        assertThat(throwing.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(throwing.status().cause()).isSameAs(thrown);
    }

    @Test
    void p1TheFirstOfSeveralEndsCounts() {
        start();

        server.callback().onComplete(Metadata.EMPTY);
        server.callback().onComplete(Metadata.EMPTY);
        server.callback().onMessage(MESSAGE);
        server.callback().onWritable();
        server.callback().onHeaders(Metadata.EMPTY);
        server.callback().onFailure(new StatusException(Status.of(StatusCode.ABORTED, "late")));

        assertThat(told.events).containsExactly("complete");
    }

    @Test
    void p1TheCallbackIsToldOneThingAtATimeByAnyNumberOfThreads() {
        Recorder nested = new Recorder() {
            @Override
            public void onMessage(byte[] message) {
                if (message[0] == 1) {
                    CompletableFuture.runAsync(() -> {
                                server.callback().onMessage(new byte[] {2});
                                server.callback().onComplete(Metadata.EMPTY);
                            })
                            .orTimeout(10, TimeUnit.SECONDS)
                            .join();
                }
                super.onMessage(message);
            }
        };
        chain(server).start(CHAT, CallOptions.DEFAULT, nested);

        server.callback().onMessage(MESSAGE);

        assertThat(nested.events).containsExactly("message [1]", "message [2]", "complete");
    }

    @Test
    void whatTheCallOfAnInterceptorThrowsGoesToWhoeverCalled() {
        ClientCall<byte[]> call = start((ByteInterceptor) (method, options, callback, next) -> new Server() {
            @Override
            public boolean trySend(byte[] message) {
                throw new IllegalStateException("not now");
            }
        });

        assertThatIllegalStateException().isThrownBy(() -> call.trySend(MESSAGE));
        assertThat(told.events).isEmpty();
    }

    // ---- Cancels and deadlines -------------------------------------------------------------------------------

    @Test
    void aCancelReachesTheLastCallWithItsReason() {
        ClientCall<byte[]> call = start((ByteInterceptor) (method, options, callback, next) ->
                new ForwardingClientCall<>(next.start(method, options, callback)) {});
        IllegalStateException cause = new IllegalStateException();

        call.cancel("enough", cause);
        call.cancel();

        assertThat(server.calls).containsExactly("cancel enough");
        assertThat(told.status()).isEqualTo(new Status(StatusCode.CANCELLED, "enough", cause));
    }

    @Test
    void aCancelEndsACallThatAnInterceptorNeverAnswers() {
        ClientCall<byte[]> call = start();

        call.cancel();

        assertThat(told.status().code()).isEqualTo(StatusCode.CANCELLED);
        server.callback().onMessage(MESSAGE);
        assertThat(told.events).hasSize(1);
    }

    @Test
    void p2ABlockingCallerGivesUpSoonAfterTheDeadlineOfACallThatNobodyEnds() {
        BlockingStream<byte[], byte[]> stream = blocking(CallOptions.deadlineAfter(Duration.ofMillis(1)), server);

        StatusException failure = catchThrowableOfType(StatusException.class, stream::receive);

        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(server.calls).contains("cancel " + failure.status().message());
    }

    @Test
    void p10AnInterruptEndsACallThatAnInterceptorNeverAnswers() {
        BlockingStream<byte[], byte[]> stream = blocking(CallOptions.DEFAULT, server);
        Thread.currentThread().interrupt();

        StatusException failure = catchThrowableOfType(StatusException.class, stream::receive);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aCallThatPassesAllInterceptorsIsTheConnections() {
        ByteInterceptor passing = (method, options, callback, next) -> next.start(method, options, callback);
        StreamChain chain = StreamChain.of(List.of(passing), fixture.dispatcher, new StreamChain.Connection() {
            @Override
            public <Q, R> void start(StreamCall<Q, R> call) {
                call.reject(Status.of(StatusCode.UNAVAILABLE, "shut down"));
            }
        });
        Objects.requireNonNull(chain).start(CHAT, CallOptions.DEFAULT, told);

        assertThat(told.status()).isEqualTo(Status.of(StatusCode.UNAVAILABLE, "shut down"));
    }

    // ---- The test's parts ------------------------------------------------------------------------------------

    private StreamChain chain(StreamInterceptor... interceptors) {
        return Objects.requireNonNull(StreamChain.of(List.of(interceptors), fixture.dispatcher, new Direct()));
    }

    private ClientCall<byte[]> start() {
        return chain(server).start(CHAT, CallOptions.DEFAULT, told);
    }

    private ClientCall<byte[]> start(StreamInterceptor interceptor) {
        return chain(interceptor, server).start(CHAT, CallOptions.DEFAULT, told);
    }

    private BlockingStream<byte[], byte[]> blocking(CallOptions options, StreamInterceptor interceptor) {
        BlockingStream<byte[], byte[]> stream =
                new BlockingStream<>(CHAT, options.stackTraces(), CallerDeadline.giveUpNs(options));
        stream.begin(chain(interceptor).start(CHAT, options, stream));
        return stream;
    }

    private static final class Direct implements StreamChain.Connection {
        @Override
        public <Q, R> void start(StreamCall<Q, R> call) {
            call.start();
        }
    }

    /** An interceptor of the only method that these tests call. */
    @FunctionalInterface
    private interface ByteInterceptor extends StreamInterceptor {
        @Nullable
        ClientCall<byte[]> call(
                MethodDescriptor<byte[], byte[]> method,
                CallOptions options,
                StreamCallback<byte[]> callback,
                Next next);

        @Override
        // The tests call one method, and may give null, which the SPI does not.
        @SuppressWarnings({"unchecked", "NullAway", "FunctionalInterfaceMethodChanged"})
        default <Q, R> ClientCall<Q> intercept(
                MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback, Next next) {
            return (ClientCall<Q>)
                    call((MethodDescriptor<byte[], byte[]>) method, options, (StreamCallback<byte[]>) callback, next);
        }
    }

    /** Answers what the test says, and writes down what it is asked. */
    private static class Server implements ByteInterceptor, ClientCall<byte[]> {
        final List<byte[]> sent = new ArrayList<>();
        final List<String> calls = new ArrayList<>();
        int starts;
        private @Nullable StreamCallback<byte[]> callback;
        private @Nullable CallOptions options;

        StreamCallback<byte[]> callback() {
            return Objects.requireNonNull(callback);
        }

        CallOptions options() {
            return Objects.requireNonNull(options);
        }

        @Override
        public ClientCall<byte[]> call(
                MethodDescriptor<byte[], byte[]> method,
                CallOptions newOptions,
                StreamCallback<byte[]> newCallback,
                Next next) {
            starts++;
            callback = newCallback;
            options = newOptions;
            return this;
        }

        @Override
        public boolean trySend(byte[] message) {
            sent.add(message);
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void closeSend() {
            calls.add("closeSend");
        }

        @Override
        public void request(int messages) {
            calls.add("request " + messages);
        }

        @Override
        public void cork() {
            calls.add("cork");
        }

        @Override
        public void flush() {
            calls.add("flush");
        }

        @Override
        public void compress(boolean on) {
            calls.add("compress " + on);
        }

        @Override
        public void cancel() {
            cancel("cancelled", null);
        }

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {
            calls.add("cancel " + reason);
        }
    }

    private static class ForwardingCallback implements StreamCallback<byte[]> {
        private final StreamCallback<byte[]> callback;

        ForwardingCallback(StreamCallback<byte[]> callback) {
            this.callback = callback;
        }

        @Override
        public void onHeaders(Metadata headers) {
            callback.onHeaders(headers);
        }

        @Override
        public void onMessage(byte[] message) {
            callback.onMessage(message);
        }

        @Override
        public void onWritable() {
            callback.onWritable();
        }

        @Override
        public void onComplete(Metadata trailers) {
            callback.onComplete(trailers);
        }

        @Override
        public void onFailure(StatusException failure) {
            callback.onFailure(failure);
        }
    }

    private static class Recorder implements StreamCallback<byte[]> {
        final List<String> events = new ArrayList<>();
        private @Nullable StatusException failure;

        Status status() {
            return Objects.requireNonNull(failure).status();
        }

        @Override
        public void onHeaders(Metadata headers) {
            events.add("headers");
        }

        @Override
        public void onMessage(byte[] message) {
            events.add("message " + Arrays.toString(message));
        }

        @Override
        public void onWritable() {
            events.add("writable");
        }

        @Override
        public void onComplete(Metadata trailers) {
            events.add("complete");
        }

        @Override
        public void onFailure(StatusException received) {
            events.add("failure");
            failure = received;
        }
    }
}
