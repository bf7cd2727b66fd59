package io.peregrine.client.stream;

import static io.peregrine.client.stream.StreamServer.ECHO;
import static io.peregrine.client.stream.StreamServer.SAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What an application can do wrong with a call that it drives by callbacks, in its callbacks, and with their executor
 * (HOSTILE.md P12, P14): each with its one result, and nobody else concerned.
 */
class CallbackMisuseIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));
    private static final byte[] MESSAGE = {1, 2, 3};

    private StreamServer server;
    private ClientConn conn;
    private Bystander bystander;

    @BeforeEach
    void start() throws Exception {
        server = StreamServer.start();
        conn = server.connect();
        bystander = new Bystander(conn);
    }

    @AfterEach
    void stop() throws Exception {
        bystander.assertUnharmed();
        conn.close();
        server.close();
    }

    // ---- The call --------------------------------------------------------------------------------------------

    @Test
    void aDemandForNoMessageIsRefusedAndTheCallGoesOn() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS, recorded);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.request(0))
                .withMessage("messages: 0 (expected: 1 or more)");
        assertThatIllegalArgumentException().isThrownBy(() -> call.request(-1));

        call.request(1);
        call.trySend(MESSAGE);
        assertThat(recorded.nextMessage()).isEqualTo(MESSAGE);
        call.closeSend();
        recorded.awaitComplete();
    }

    @Test
    void ca3NothingIsSentBehindTheEndOfTheRequests() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS, recorded);
        call.closeSend();

        assertThatIllegalStateException().isThrownBy(() -> call.trySend(MESSAGE));
        assertThatIllegalStateException().isThrownBy(call::closeSend);
        recorded.awaitComplete();
    }

    @Test
    void ca2ASecondRequestOfAMethodWithOneIsRefused() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(SAY, OPTIONS, recorded);
        assertThatIllegalStateException().isThrownBy(call::closeSend);
        call.trySend(MESSAGE);

        assertThatIllegalStateException().isThrownBy(() -> call.trySend(MESSAGE));
        call.closeSend();
        assertThat(recorded.nextMessage()).isEqualTo(MESSAGE);
        recorded.awaitComplete();
    }

    @Test
    void p1ACallThatHasEndedTakesEverythingAndDoesNothing() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS, recorded);
        call.cancel();
        recorded.awaitFailure();

        assertThat(call.isWritable()).isTrue();
        assertThat(call.trySend(MESSAGE)).as("taken, to be dropped").isTrue();
        call.request(1);
        call.cork();
        call.flush();
        call.compress(true);
        call.closeSend();
        call.cancel();
        call.cancel("too late", new IOException());
        assertThat(recorded.awaitFailure().status().message()).isEqualTo("cancelled");
    }

    /** It is against the rule, and yet nothing is lost but the order. */
    @Test
    void messagesOfTwoSendersAreAllSent() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS, recorded);
        call.request(Integer.MAX_VALUE);

        IntStream.range(0, 4).parallel().forEach(sender -> {
            for (int i = 0; i < 250; i++) {
                byte[] message = new byte[100 + sender];
                while (!call.trySend(message)) {
                    Thread.onSpinWait();
                }
            }
        });
        call.closeSend();

        recorded.awaitComplete();
        assertThat(recorded.messagesLeft()).hasSize(1000);
    }

    // ---- The callback ----------------------------------------------------------------------------------------

    private enum Where {
        ON_HEADERS,
        ON_MESSAGE,
        ON_WRITABLE
    }

    /** Throws in one of its methods, each time that it is called. */
    private static final class Thrower extends RecordedStream<byte[]> {
        private final Where where;
        private final AtomicInteger thrown = new AtomicInteger();

        Thrower(Where where) {
            this.where = where;
        }

        @Override
        public void onHeaders(Metadata headers) {
            super.onHeaders(headers);
            throwIfDue(Where.ON_HEADERS);
        }

        @Override
        public void onMessage(byte[] message) {
            super.onMessage(message);
            throwIfDue(Where.ON_MESSAGE);
        }

        @Override
        public void onWritable() {
            super.onWritable();
            throwIfDue(Where.ON_WRITABLE);
        }

        private void throwIfDue(Where here) {
            if (here == where) {
                thrown.incrementAndGet();
                throw new UnsupportedOperationException("thrown " + here);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void p12ACallbackThatThrowsEndsItsCall(Where where) throws Exception {
        Thrower thrower = new Thrower(where);

        provoke(OPTIONS, thrower);

        assertEndedBy(thrower);
    }

    @ParameterizedTest
    @EnumSource
    void p12ACallbackThatThrowsOnAnExecutorEndsItsCall(Where where) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try {
            Thrower thrower = new Thrower(where);

            provoke(OPTIONS.withExecutor(executor), thrower);

            assertEndedBy(thrower);
        } finally {
            executor.shutdown();
        }
    }

    /** Has headers, messages and room told. */
    private void provoke(CallOptions options, RecordedStream<byte[]> callback) {
        ClientCall<byte[]> call = conn.startCall(ECHO, options, callback);
        call.request(Integer.MAX_VALUE);
        int refused = 0;
        while (refused < 3 && !callback.hasEnded()) {
            refused += call.trySend(new byte[32 << 10]) ? 0 : 1;
        }
    }

    private static void assertEndedBy(Thrower thrower) throws Exception {
        StatusException failed = thrower.awaitFailure();
        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed.status().cause()).isInstanceOf(UnsupportedOperationException.class);
        assertThat(thrower.thrown).as("what follows is not told").hasValue(1);
    }

    @Test
    void p12ACallbackThatThrowsAtTheOnlyResponseIsNotToldOk() throws Exception {
        Thrower thrower = new Thrower(Where.ON_MESSAGE);

        conn.startCall(SAY, OPTIONS, thrower).trySend(MESSAGE);

        assertEndedBy(thrower);
    }

    @Test
    void p12ACallbackThatThrowsAtTheEndIsNotToldAgain() throws Exception {
        RecordedStream<byte[]> atOk = new RecordedStream<>() {
            @Override
            public void onComplete(Metadata trailers) {
                super.onComplete(trailers);
                throw new UnsupportedOperationException("thrown at OK");
            }
        };
        RecordedStream<byte[]> atFailure = new RecordedStream<>() {
            @Override
            public void onFailure(StatusException failure) {
                super.onFailure(failure);
                throw new UnsupportedOperationException("thrown at the failure");
            }
        };

        conn.startCall(ECHO, OPTIONS, atOk).closeSend();
        conn.startCall(ECHO, OPTIONS, atFailure).cancel();

        atOk.awaitComplete();
        assertThat(atFailure.awaitFailure().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void p10EachCallbackMayCancel() throws Exception {
        ClientCall<?>[] call = new ClientCall<?>[1];
        RecordedStream<byte[]> recorded = new RecordedStream<>() {
            @Override
            public void onMessage(byte[] message) {
                super.onMessage(message);
                call[0].cancel("enough", null);
                call[0].cancel("more than enough", null);
            }

            @Override
            public void onFailure(StatusException failure) {
                call[0].cancel();
                super.onFailure(failure);
            }
        };
        ClientCall<byte[]> started = conn.startCall(ECHO, OPTIONS, recorded);
        call[0] = started;
        started.request(Integer.MAX_VALUE);
        started.trySend(MESSAGE);

        StatusException failed = recorded.awaitFailure();

        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed.status().message()).isEqualTo("enough");
    }

    // ---- Its executor ----------------------------------------------------------------------------------------

    @Test
    void p14AnExecutorThatRejectsEndsItsCall() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        Executor rejecting = task -> {
            throw new RejectedExecutionException("full");
        };

        conn.startCall(ECHO, OPTIONS.withExecutor(rejecting), recorded).closeSend();

        StatusException failed = recorded.awaitFailure();
        assertThat(failed.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(failed).hasMessageContaining("the call's executor rejected its callback");
        assertThat(failed.status().cause()).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void p14AnExecutorThatIsShutDownInTheMiddleEndsItsCall() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS.withExecutor(executor), recorded);
        call.request(Integer.MAX_VALUE);
        call.trySend(MESSAGE);
        assertThat(recorded.nextMessage()).isEqualTo(MESSAGE);
        executor.shutdown();
        assertThat(executor.awaitTermination(20, TimeUnit.SECONDS)).isTrue();

        call.trySend(MESSAGE);

        assertThat(recorded.awaitFailure().code()).isEqualTo(StatusCode.CANCELLED);
        Waiting.until("the server knows", () -> server.cancelled() == 1);
    }

    @Test
    void p14AnExecutorThatBlocksHoldsUpItsOwnCallOnly() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            RecordedStream<byte[]> recorded = new RecordedStream<>() {
                @Override
                public void onMessage(byte[] message) {
                    awaitUnchecked(release);
                    super.onMessage(message);
                }
            };
            ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS.withExecutor(executor), recorded);
            call.request(Integer.MAX_VALUE);
            for (int i = 0; i < 10; i++) {
                call.trySend(MESSAGE);
            }
            call.closeSend();

            for (int i = 0; i < 100; i++) {
                assertThat(conn.invoke(SAY, MESSAGE, OPTIONS)).isEqualTo(MESSAGE);
            }
            assertThat(recorded.hasEnded()).isFalse();
            release.countDown();

            recorded.awaitComplete();
            assertThat(recorded.messagesLeft()).hasSize(10);
        } finally {
            release.countDown();
            executor.shutdown();
        }
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void p14AnExecutorThatRunsItsTaskAndThrowsChangesNothing() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        Executor moody = task -> {
            task.run();
            throw new IllegalStateException("ran it, and is sorry");
        };
        ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS.withExecutor(moody), recorded);
        call.request(Integer.MAX_VALUE);

        for (int i = 0; i < 10; i++) {
            call.trySend(MESSAGE);
            assertThat(recorded.nextMessage()).isEqualTo(MESSAGE);
        }
        call.closeSend();

        recorded.awaitComplete();
    }

    @Test
    void p14AnExecutorThatRunsItsTaskTwiceChangesNothing() throws Exception {
        RecordedStream<byte[]> recorded = new RecordedStream<>();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Executor twice = task -> {
                threads.execute(task);
                threads.execute(task);
            };
            ClientCall<byte[]> call = conn.startCall(ECHO, OPTIONS.withExecutor(twice), recorded);
            call.request(Integer.MAX_VALUE);
            for (int i = 0; i < 100; i++) {
                call.trySend(MESSAGE);
                assertThat(recorded.nextMessage()).isEqualTo(MESSAGE);
            }
            call.closeSend();

            recorded.awaitComplete();
        } finally {
            threads.shutdown();
        }
    }
}
