package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.buffer.Unpooled;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.interceptor.MetadataInterceptor;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.internal.chain.UnaryChain;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link UnaryInterceptor} promises, over a transport whose events the test makes. */
class InterceptedUnaryCallTest {
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text");
    private static final byte[] REPLY = "reply".getBytes(UTF_8);
    private static final Cancellable NOTHING_TO_CANCEL = () -> {};

    private final CallFixture fixture = new CallFixture();
    private final EndRecorder end = new EndRecorder();
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void releasesEverything() {
        fixture.transport.runCancels();
        fixture.assertAllReleased();
    }

    // ---- What interceptors may do ----------------------------------------------------------------------------

    @Test
    void withoutInterceptorsThereIsNoChain() {
        assertThat(UnaryChain.of(List.of(), fixture.dispatcher, new Direct())).isNull();
    }

    @Test
    void theFirstInterceptorSeesTheCallFirstAndItsEndLast() {
        start(new Logging("outer"), new Logging("inner"));

        succeed();

        assertThat(log).containsExactly("outer", "inner", "inner success", "outer success");
        assertThat(end.response()).isEqualTo(REPLY);
        assertThat(end.events).containsExactly("headers", "success");
    }

    @Test
    void anInterceptorRewritesMethodRequestAndOptions() {
        List<byte[]> sent = new ArrayList<>();
        MethodDescriptor<byte[], byte[]> other =
                MethodDescriptor.unary("test.Echo/Other", Marshallers.bytes(), Marshallers.bytes());
        ByteInterceptor rewriting = (method, request, options, callback, next) ->
                next.invoke(other, new byte[] {7, 8}, options.withAuthority("other.test"), callback);
        ByteInterceptor last = (method, request, options, callback, next) -> {
            log.add(method.fullName() + " on " + options.authority());
            sent.add(request);
            return next.invoke(method, request, options, callback);
        };

        start(rewriting, last);
        succeed();

        assertThat(log).containsExactly("test.Echo/Other on other.test");
        assertThat(sent).containsExactly(new byte[] {7, 8});
        assertThat(end.response()).isEqualTo(REPLY);
    }

    @Test
    void fixedMetadataGoesBeforeTheCallsOwn() {
        List<String> seen = new ArrayList<>();
        Metadata fixed = Metadata.builder().put(TEXT, "fixed").build();
        Metadata own = Metadata.builder().put(TEXT, "own").build();
        ByteInterceptor last = (method, request, options, callback, next) -> {
            seen.addAll(options.metadata().all(TEXT));
            callback.onSuccess(REPLY, Metadata.EMPTY);
            return NOTHING_TO_CANCEL;
        };

        start(CallOptions.DEFAULT.withMetadata(own), MetadataInterceptor.of(fixed), last);

        assertThat(seen).containsExactly("fixed", "own");
    }

    @Test
    void anInterceptorAnswersWithoutTheConnection() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            callback.onSuccess(REPLY, Metadata.EMPTY);
            return NOTHING_TO_CANCEL;
        });

        assertThat(end.response()).isEqualTo(REPLY);
        assertThat(fixture.transport.started).isEmpty();
    }

    @Test
    void anInterceptorFailsTheCallWithoutTheConnection() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            callback.onFailure(new StatusException(Status.of(StatusCode.PERMISSION_DENIED, "not you")));
            return NOTHING_TO_CANCEL;
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.PERMISSION_DENIED);
    }

    @Test
    void anInterceptorRetriesWithNext() {
        start(new Retrying(3));

        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        succeed();

        assertThat(fixture.transport.started).hasSize(3);
        assertThat(end.response()).isEqualTo(REPLY);
        assertThat(end.ends()).isOne();
    }

    @Test
    void anInterceptorThatHasAnsweredMayCallOn() {
        EndRecorder refresh = new EndRecorder();
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            callback.onSuccess(REPLY, Metadata.EMPTY);
            return next.invoke(method, request, options, refresh);
        });

        succeed();

        assertThat(end.response()).isEqualTo(REPLY);
        assertThat(refresh.response()).isEqualTo(REPLY);
    }

    // ---- What interceptors do wrong --------------------------------------------------------------------------

    @Test
    void p12WhatAnInterceptorThrowsEndsTheCallWithUnknown() {
        IllegalStateException thrown = new IllegalStateException("broken");

        start((ByteInterceptor) (method, request, options, callback, next) -> {
            throw thrown;
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(end.status().cause()).isSameAs(thrown);
        assertThat(end.status().message()).contains("broken");
    }

    @Test
    void p12WhatAnInterceptorThrowsBehindNextCancelsWhatItStarted() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            next.invoke(method, request, options, callback);
            throw new IllegalStateException("broken");
        });

        assertThat(fixture.transport.toCancel).hasSize(1);
        fixture.transport.runCancels();
        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(end.ends()).isOne();
    }

    @Test
    @SuppressWarnings("NullAway") // the null is what is tested
    void p12NullInPlaceOfTheCallEndsItWithUnknown() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            next.invoke(method, request, options, callback);
            return null;
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(end.status().message()).contains("null").contains("expected");
    }

    @Test
    @SuppressWarnings("NullAway") // the null is what is tested
    void p12ANullResponseEndsTheCallWithUnknown() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            callback.onSuccess(null, Metadata.EMPTY);
            return NOTHING_TO_CANCEL;
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(end.status().message()).contains("null response");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void p12WhatAnInterceptorsCallbackThrowsEndsTheCallWithUnknown(boolean success) {
        start((ByteInterceptor) (method, request, options, callback, next) ->
                next.invoke(method, request, options, new UnaryCallback<>() {
                    @Override
                    public void onSuccess(byte[] response, Metadata trailers) {
                        throw new IllegalStateException("broken");
                    }

                    @Override
                    public void onFailure(StatusException failure) {
                        throw new IllegalStateException("broken");
                    }
                }));

        if (success) {
            succeed();
        } else {
            fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        }

        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(end.status().message()).contains("broken");
    }

    @Test
    void p12WhatTheApplicationsCallbackThrowsIsNoInterceptorsFault() {
        EndRecorder outer = new EndRecorder() {
            @Override
            public void onSuccess(byte[] response, Metadata trailers) {
                super.onSuccess(response, trailers);
                throw new IllegalStateException("the application's");
            }
        };
        chain(new Logging("only")).start(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT, outer);

        succeed();

        assertThat(outer.ends()).isOne();
        assertThat(log).containsExactly("only", "only success");
    }

    @Test
    void p1TheFirstOfSeveralEndsCounts() {
        start((ByteInterceptor) (method, request, options, callback, next) -> {
            callback.onSuccess(REPLY, Metadata.EMPTY);
            callback.onSuccess(REPLY, Metadata.EMPTY);
            callback.onHeaders(Metadata.EMPTY);
            callback.onFailure(new StatusException(Status.of(StatusCode.ABORTED, "late")));
            return NOTHING_TO_CANCEL;
        });

        assertThat(end.events).containsExactly("success");
    }

    /** The end comes from another thread while the headers are told: it waits for its turn. */
    @Test
    void p1TheCallbackIsToldOneThingAtATime() {
        List<UnaryCallback<byte[]>> told = new ArrayList<>();
        EndRecorder nested = new EndRecorder() {
            @Override
            public void onHeaders(Metadata headers) {
                CompletableFuture.runAsync(() -> told.get(0).onSuccess(REPLY, Metadata.EMPTY))
                        .orTimeout(10, TimeUnit.SECONDS)
                        .join();
                assertThat(ends()).isZero();
                super.onHeaders(headers);
            }
        };
        chain((ByteInterceptor) (method, request, options, callback, next) -> {
                    told.add(callback);
                    return NOTHING_TO_CANCEL;
                })
                .start(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT, nested);

        told.get(0).onHeaders(Metadata.EMPTY);

        assertThat(nested.events).containsExactly("headers", "success");
    }

    // ---- Cancels ---------------------------------------------------------------------------------------------

    @Test
    void aCancelReachesTheConnectionAndKeepsItsReport() {
        Cancellable call = start(new Logging("only"));

        call.cancel();
        call.cancel();
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(end.failures.get(0).report()).isNotNull();
        assertThat(log).containsExactly("only", "only failure");
    }

    @Test
    void aCancelEndsACallThatAnInterceptorNeverAnswers() {
        Cancellable call = start((ByteInterceptor) (method, request, options, callback, next) -> NOTHING_TO_CANCEL);

        call.cancel();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aCancelEndsACallWhoseEndAnInterceptorKeepsToItself() {
        Cancellable call = start((ByteInterceptor) (method, request, options, callback, next) -> {
            next.invoke(method, request, options, new EndRecorder());
            return NOTHING_TO_CANCEL;
        });

        call.cancel();
        assertThat(end.ends()).isZero();
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aCancelWhoseWayAnInterceptorBlocksEndsTheCall() {
        Cancellable call = start((ByteInterceptor) (method, request, options, callback, next) -> {
            next.invoke(method, request, options, callback);
            return () -> {
                throw new IllegalStateException("no");
            };
        });

        call.cancel();
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aCancelEndsTheRetriesOfAnInterceptor() {
        Cancellable call = start(new Retrying(3));
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        call.cancel();
        fixture.transport.runCancels();

        assertThat(fixture.transport.started).hasSize(2);
        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void nextStartsNothingForACancelledCall() {
        List<Runnable> later = new ArrayList<>();
        EndRecorder refused = new EndRecorder();
        Cancellable call = start((ByteInterceptor) (method, request, options, callback, next) -> {
            later.add(() -> next.invoke(method, request, options, refused));
            return NOTHING_TO_CANCEL;
        });

        call.cancel();
        later.get(0).run();

        assertThat(refused.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(fixture.transport.started).isEmpty();
    }

    // ---- Faces -----------------------------------------------------------------------------------------------

    @Test
    void aBlockingCallerGetsTheResponseWithItsMetadata() {
        fixture.transport.afterAccept = this::succeed;

        UnaryResponse<byte[]> response =
                chain(new Logging("only")).await(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT);

        assertThat(response.message()).isEqualTo(REPLY);
        assertThat(response.headers().get(TEXT)).isEqualTo("head");
        assertThat(response.trailers().get(TEXT)).isEqualTo("tail");
    }

    @Test
    void aBlockingCallerWaitsForAnAnswerOfAnotherThread() {
        UnaryChain chain = chain((ByteInterceptor) (method, request, options, callback, next) -> {
            CompletableFuture<Void> unused =
                    CompletableFuture.runAsync(() -> callback.onSuccess(REPLY, Metadata.EMPTY));
            return NOTHING_TO_CANCEL;
        });

        assertThat(chain.await(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT)
                        .message())
                .isEqualTo(REPLY);
    }

    @Test
    void aBlockingCallerDoesNotWaitForTheExecutorOfItsOptions() {
        fixture.transport.afterAccept = this::succeed;
        CallOptions options = CallOptions.DEFAULT.withExecutor(task -> {});

        assertThat(chain(new Logging("only"))
                        .await(CallFixture.ECHO, CallFixture.REQUEST, options)
                        .message())
                .isEqualTo(REPLY);
    }

    @Test
    void p2ABlockingCallerGivesUpSoonAfterTheDeadlineOfACallThatNobodyEnds() {
        UnaryChain chain = chain((ByteInterceptor) (method, request, options, callback, next) -> NOTHING_TO_CANCEL);
        CallOptions options = CallOptions.deadlineAfter(Duration.ofMillis(1)).withStackTraces(true);

        StatusException failure = catchThrowableOfType(
                StatusException.class, () -> chain.await(CallFixture.ECHO, CallFixture.REQUEST, options));

        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(failure.getStackTrace()).isNotEmpty();
    }

    @Test
    void p10AnInterruptCancelsTheCallAndStaysSet() {
        UnaryChain chain = chain((ByteInterceptor) (method, request, options, callback, next) -> NOTHING_TO_CANCEL);
        Thread.currentThread().interrupt();

        StatusException failure = catchThrowableOfType(
                StatusException.class, () -> chain.await(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aFutureCompletesWithTheResponse() {
        CompletableFuture<byte[]> future =
                chain(new Logging("only")).startFuture(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT);

        succeed();

        assertThat(future.join()).isEqualTo(REPLY);
    }

    @Test
    void aFutureFailsWithTheStatus() {
        CompletableFuture<byte[]> future =
                chain(new Logging("only")).startFuture(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT);

        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(catchThrowableOfType(CompletionException.class, future::join))
                .hasCauseInstanceOf(StatusException.class);
    }

    @Test
    void cancellingTheFutureCancelsTheCall() {
        CompletableFuture<byte[]> future =
                chain(new Logging("only")).startFuture(CallFixture.ECHO, CallFixture.REQUEST, CallOptions.DEFAULT);

        assertThat(future.cancel(true)).isTrue();

        assertThat(fixture.transport.toCancel).hasSize(1);
        assertThat(catchThrowableOfType(CancellationException.class, future::join))
                .isNotNull();
    }

    @Test
    void p14AnEndThatTheLibraryMakesRunsOnTheExecutorOrIfThatRejectsItHere() {
        List<Runnable> tasks = new ArrayList<>();
        ByteInterceptor throwing = (method, request, options, callback, next) -> {
            throw new IllegalStateException("broken");
        };

        start(CallOptions.DEFAULT.withExecutor(tasks::add), throwing);
        assertThat(end.ends()).isZero();
        tasks.forEach(Runnable::run);
        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);

        EndRecorder rejected = new EndRecorder();
        CallOptions rejecting = CallOptions.DEFAULT.withExecutor(task -> {
            throw new IllegalStateException("full");
        });
        chain(throwing).start(CallFixture.ECHO, CallFixture.REQUEST, rejecting, rejected);
        assertThat(rejected.status().code()).isEqualTo(StatusCode.UNKNOWN);
    }

    // ---- The test's parts ------------------------------------------------------------------------------------

    private UnaryChain chain(UnaryInterceptor... interceptors) {
        return Objects.requireNonNull(UnaryChain.of(List.of(interceptors), fixture.dispatcher, new Direct()));
    }

    private Cancellable start(UnaryInterceptor... interceptors) {
        return start(CallOptions.DEFAULT, interceptors);
    }

    private Cancellable start(CallOptions options, UnaryInterceptor... interceptors) {
        return chain(interceptors).start(CallFixture.ECHO, CallFixture.REQUEST, options, end);
    }

    private void succeed() {
        Attempt<?> attempt = fixture.transport.take();
        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "x-text", "head"));
        attempt.onMessage(Unpooled.copiedBuffer(REPLY), false);
        attempt.onTrailers(block("grpc-status", "0", "x-text", "tail"), false);
    }

    private static final class Direct implements UnaryChain.Connection {
        @Override
        public <Q, R> void start(UnaryCall<Q, R> call, Q request) {
            call.start(request);
        }
    }

    /** An interceptor of the only method that these tests call. */
    @FunctionalInterface
    private interface ByteInterceptor extends UnaryInterceptor {
        Cancellable call(
                MethodDescriptor<byte[], byte[]> method,
                byte[] request,
                CallOptions options,
                UnaryCallback<byte[]> callback,
                Next next);

        @Override
        @SuppressWarnings("unchecked")
        default <Q, R> Cancellable intercept(
                MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback, Next next) {
            return call(
                    (MethodDescriptor<byte[], byte[]>) method,
                    (byte[]) request,
                    options,
                    (UnaryCallback<byte[]>) callback,
                    next);
        }
    }

    private final class Logging implements UnaryInterceptor {
        private final String name;

        Logging(String name) {
            this.name = name;
        }

        @Override
        public <Q, R> Cancellable intercept(
                MethodDescriptor<Q, R> method, Q request, CallOptions options, UnaryCallback<R> callback, Next next) {
            log.add(name);
            return next.invoke(method, request, options, new UnaryCallback<R>() {
                @Override
                public void onHeaders(Metadata headers) {
                    callback.onHeaders(headers);
                }

                @Override
                public void onSuccess(R response, Metadata trailers) {
                    log.add(name + " success");
                    callback.onSuccess(response, trailers);
                }

                @Override
                public void onFailure(StatusException failure) {
                    log.add(name + " failure");
                    callback.onFailure(failure);
                }
            });
        }
    }

    /** Returns what cancels its first attempt, as naive ones do. */
    private static final class Retrying implements ByteInterceptor {
        private final int attempts;

        Retrying(int attempts) {
            this.attempts = attempts;
        }

        @Override
        public Cancellable call(
                MethodDescriptor<byte[], byte[]> method,
                byte[] request,
                CallOptions options,
                UnaryCallback<byte[]> callback,
                Next next) {
            return next.invoke(method, request, options, new UnaryCallback<>() {
                private int failures;

                @Override
                public void onHeaders(Metadata headers) {
                    callback.onHeaders(headers);
                }

                @Override
                public void onSuccess(byte[] response, Metadata trailers) {
                    callback.onSuccess(response, trailers);
                }

                @Override
                public void onFailure(StatusException failure) {
                    if (failure.code() == StatusCode.UNAVAILABLE && ++failures < attempts) {
                        next.invoke(method, request, options, this);
                    } else {
                        callback.onFailure(failure);
                    }
                }
            });
        }
    }
}
