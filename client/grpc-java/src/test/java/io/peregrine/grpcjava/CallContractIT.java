package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@link ClientCall} promises, of calls of each kind. */
class CallContractIT {
    private static final Context.Key<String> WHO = Context.key("who");

    private static EchoServer server;
    private static PeregrineChannel channel;

    @BeforeAll
    static void start() throws Exception {
        server = EchoServer.start();
        channel = PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.close();
    }

    static MethodDescriptor<?, ?>[] methods() {
        return new MethodDescriptor<?, ?>[] {EchoServer.UNARY, EchoServer.CLIENT, EchoServer.SERVER, EchoServer.BIDI};
    }

    // ---- Misuse ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("methods")
    void nothingButCancelComesBeforeStart(MethodDescriptor<String, String> method) {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);

        assertThatThrownBy(() -> call.request(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Not started");
        assertThatThrownBy(() -> call.sendMessage("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Not started");
        assertThatThrownBy(call::halfClose)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Not started");
        assertThatThrownBy(() -> call.setMessageCompression(true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Not started");
        assertThat(call.isReady()).isFalse();
        assertThat(call.getAttributes()).isEqualTo(Attributes.EMPTY);
        call.cancel("never mind", null);
        assertThatThrownBy(() -> call.start(new RecordedCall<>(), new Metadata()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("call was cancelled");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void whatComesTooOftenOrTooLateIsRefused(MethodDescriptor<String, String> method) {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        RecordedCall<String> listener = new RecordedCall<>();
        call.start(listener, new Metadata());

        assertThatThrownBy(() -> call.start(listener, new Metadata()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Already started");
        assertThatThrownBy(() -> call.request(-1)).isInstanceOf(IllegalArgumentException.class);
        call.request(2);
        call.sendMessage("one");
        call.halfClose();
        assertThatThrownBy(call::halfClose)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("call already half-closed");
        assertThatThrownBy(() -> call.sendMessage("two"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("call was half-closed");
        assertThat(call.isReady()).isFalse();
        assertThat(listener.await()).isEqualTo(Status.OK);
        assertThat(listener.messages).containsExactly("one");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void nothingIsSentBehindACancel(MethodDescriptor<String, String> method) {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        RecordedCall<String> listener = new RecordedCall<>();
        call.start(listener, new Metadata());
        IllegalArgumentException cause = new IllegalArgumentException("because");
        call.cancel("enough", cause);
        call.cancel("and again", null);

        assertThatThrownBy(() -> call.sendMessage("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("call was cancelled");
        assertThatThrownBy(call::halfClose)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("call was cancelled");
        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(status.getDescription()).isEqualTo("enough");
        assertThat(status.getCause()).isSameAs(cause);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aCancelWithoutAReasonGetsOne(MethodDescriptor<String, String> method) {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        RecordedCall<String> listener = new RecordedCall<>();
        call.start(listener, new Metadata());
        call.cancel(null, null);

        assertThat(listener.await().getCause()).isInstanceOf(CancellationException.class);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aMessageThatCannotBeMarshalledCancels(MethodDescriptor<String, String> method) {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        RecordedCall<String> listener = new RecordedCall<>();
        call.start(listener, new Metadata());
        call.sendMessage("unmarshallable");

        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(status.getDescription()).isEqualTo("Failed to stream message");
        assertThat(status.getCause()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aMethodWithOneRequestTakesExactlyOne() {
        for (MethodDescriptor<String, String> method : List.of(EchoServer.UNARY, EchoServer.SERVER)) {
            RecordedCall<String> two = new RecordedCall<>();
            ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
            call.start(two, new Metadata());
            call.sendMessage("hang");
            call.sendMessage("hang");
            assertThat(two.await().getCode()).isEqualTo(Status.Code.INTERNAL);

            RecordedCall<String> none = new RecordedCall<>();
            ClientCall<String, String> empty = channel.newCall(method, CallOptions.DEFAULT);
            empty.start(none, new Metadata());
            empty.halfClose();
            assertThat(none.await().getCode()).isEqualTo(Status.Code.INTERNAL);
        }
    }

    // ---- Events ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("methods")
    void headersComeBeforeTheMessageAndTheEndLast(MethodDescriptor<String, String> method) {
        RecordedCall<String> listener = call(method, CallOptions.DEFAULT, "one");

        assertThat(listener.await()).isEqualTo(Status.OK);
        assertThat(listener.events)
                .filteredOn(event -> !event.equals("ready"))
                .containsExactly("headers", "message", "close");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void onlyCallsWithManyRequestsHearThatTheyAreReady(MethodDescriptor<String, String> method) {
        RecordedCall<String> listener = call(method, CallOptions.DEFAULT, "one");
        listener.await();

        boolean expected = !method.getType().clientSendsOneMessage();
        assertThat(listener.events.contains("ready")).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void noMessageComesBeforeItIsAskedFor(MethodDescriptor<String, String> method) throws Exception {
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        RecordedCall<String> listener = new RecordedCall<>();
        call.start(listener, new Metadata());
        call.sendMessage("one");
        call.halfClose();

        // Another call over the same connection has ended: this one's answer is here by now, or will be held as well.
        assertThat(call(method, CallOptions.DEFAULT, "other").await()).isEqualTo(Status.OK);
        assertThat(listener.messages).isEmpty();
        assertThat(listener.end).isNotDone();

        call.request(1);
        assertThat(listener.nextMessage()).isEqualTo("one");
        assertThat(listener.await()).isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aListenerThatThrowsOnAMessageCancelsItsCall(MethodDescriptor<String, String> method) {
        IllegalStateException fault = new IllegalStateException("mine");
        RecordedCall<String> listener = new RecordedCall<>() {
            @Override
            public void onMessage(String message) {
                throw fault;
            }
        };
        start(method, CallOptions.DEFAULT, listener, "one");

        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(status.getCause()).isSameAs(fault);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aListenerThatThrowsOnHeadersCancelsItsCall(MethodDescriptor<String, String> method) {
        IllegalStateException fault = new IllegalStateException("mine");
        RecordedCall<String> listener = new RecordedCall<>() {
            @Override
            public void onHeaders(Metadata received) {
                throw fault;
            }
        };
        start(method, CallOptions.DEFAULT, listener, "one");

        assertThat(listener.await().getCause()).isSameAs(fault);
        assertThat(listener.messages).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aServersFailureBringsItsTrailersAndNoHeaders(MethodDescriptor<String, String> method) {
        Metadata sent = new Metadata();
        sent.put(Metadata.Key.of("x-why", Metadata.ASCII_STRING_MARSHALLER), "so");
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(method, CallOptions.DEFAULT);
        call.start(listener, sent);
        call.request(2);
        call.sendMessage("fail");

        if (method.getType() == MethodDescriptor.MethodType.UNARY) {
            call.halfClose();
        }
        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(status.getDescription()).isEqualTo("as you wish");
        assertThat(listener.trailers().get(Metadata.Key.of("x-why", Metadata.ASCII_STRING_MARSHALLER)))
                .isEqualTo("so");
        assertThat(listener.headers).isNull();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void attributesTellTheConnectionOnceThereIsOne(MethodDescriptor<String, String> method) {
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = start(method, CallOptions.DEFAULT, listener, "one");
        listener.await();

        InetSocketAddress remote = (InetSocketAddress) call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        assertThat(remote.getPort()).isEqualTo(server.port());
        assertThat(call.getAttributes().get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR)).isInstanceOf(InetSocketAddress.class);
        assertThat(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)).isNull();
    }

    // ---- Threads and contexts --------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("methods")
    void listenersRunOnTheExecutorOfTheCall(MethodDescriptor<String, String> method) throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> new Thread(task, "the call's own"));
        try {
            RecordedCall<String> listener = call(method, CallOptions.DEFAULT.withExecutor(executor), "one");
            listener.await();
            assertThat(listener.threadName()).isEqualTo("the call's own");
        } finally {
            executor.shutdown();
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void listenersHearOneThingAtATimeOnAnyExecutor(MethodDescriptor<String, String> method) {
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try {
            for (int i = 0; i < 50; i++) {
                RecordedCall<String> listener = call(method, CallOptions.DEFAULT.withExecutor(executor), "many:20");
                assertThat(listener.await()).isEqualTo(Status.OK);
                assertThat(listener.messages).hasSize(method.getType().serverSendsOneMessage() ? 1 : 20);
            }
        } finally {
            executor.shutdown();
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void anExecutorThatRefusesEndsTheCall(MethodDescriptor<String, String> method) {
        CallOptions options = CallOptions.DEFAULT.withExecutor(task -> {
            throw new RejectedExecutionException("full");
        });
        RecordedCall<String> listener = call(method, options, "one");

        assertThat(listener.await().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void listenersRunInTheContextOfTheCall(MethodDescriptor<String, String> method) throws Exception {
        String[] seen = new String[1];
        RecordedCall<String> listener = new RecordedCall<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
                seen[0] = WHO.get();
                super.onClose(status, trailers);
            }
        };
        Context.current().withValue(WHO, "me").run(() -> start(method, CallOptions.DEFAULT, listener, "one"));

        listener.await();
        assertThat(seen[0]).isEqualTo("me");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aContextThatIsCancelledCancelsItsCalls(MethodDescriptor<String, String> method) {
        Context.CancellableContext context = Context.current().withCancellation();
        RecordedCall<String> listener = new RecordedCall<>();
        context.run(() -> start(method, CallOptions.DEFAULT, listener, "hang"));
        RuntimeException cause = new RuntimeException("gone");
        context.cancel(cause);

        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.CANCELLED);
        assertThat(status.getCause()).isSameAs(cause);

        RecordedCall<String> late = new RecordedCall<>();
        context.run(() -> start(method, CallOptions.DEFAULT, late, "hang"));
        assertThat(late.await().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void theEarlierOfTwoDeadlinesCounts(MethodDescriptor<String, String> method) {
        CallOptions longer = CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.HOURS);
        RecordedCall<String> listener = new RecordedCall<>();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try {
            Context.current()
                    .withDeadlineAfter(50, TimeUnit.MILLISECONDS, timer)
                    .run(() -> start(method, longer, listener, "hang"));

            Status status = listener.await();
            assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(status.getDescription()).startsWith("Context deadline exceeded after 0.0");
        } finally {
            timer.shutdownNow();
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aDeadlineThatPassesIsToldInTheWordsOfGrpcJava(MethodDescriptor<String, String> method) {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.MILLISECONDS);
        RecordedCall<String> listener = new RecordedCall<>();
        start(method, options, listener, "hang");

        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).matches("CallOptions deadline exceeded after .*s\\. \\[.*]");
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aDeadlineInThePastSendsNothing(MethodDescriptor<String, String> method) {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(-1, TimeUnit.SECONDS);
        RecordedCall<String> listener = new RecordedCall<>();
        start(method, options, listener, "hang");

        Status status = listener.await();
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).startsWith("ClientCall started after CallOptions deadline was exceeded");
    }

    // ---- Flow ------------------------------------------------------------------------------------------------

    @Test
    void aSenderThatDoesNotAskIfTheCallIsReadyLosesNothing() {
        String message = "x".repeat(10_000);
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.CLIENT, CallOptions.DEFAULT);
        call.start(listener, new Metadata());
        call.request(1);
        for (int i = 0; i < 300; i++) {
            call.sendMessage(message);
        }
        call.halfClose();

        assertThat(listener.await()).isEqualTo(Status.OK);
        assertThat(listener.nextMessage()).hasSize(300 * message.length());
    }

    @Test
    void aCallThatIsFullSaysWhenItIsReadyAgain() {
        String message = "x".repeat(10_000);
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = channel.newCall(EchoServer.BIDI, CallOptions.DEFAULT);
        call.start(listener, new Metadata());
        int sent = 0;
        for (int round = 0; round < 3; round++) {
            awaitReady(listener);
            while (call.isReady()) {
                call.sendMessage(message);
                sent++;
            }
            call.request(1000);
        }
        call.halfClose();

        assertThat(sent).isPositive();
        assertThat(listener.await()).isEqualTo(Status.OK);
        assertThat(listener.messages).hasSize(sent);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void aCancelledCallIsCancelledOnTheServer(MethodDescriptor<String, String> method) {
        RecordedCall<String> listener = new RecordedCall<>();
        ClientCall<String, String> call = start(method, CallOptions.DEFAULT, listener, "hang");
        RecordedCall.next(server.received);
        call.cancel("enough", null);

        assertThat(listener.await().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    private static void awaitReady(RecordedCall<?> listener) {
        while (!RecordedCall.next(listener.events).equals("ready")) {
            assertThat(listener.end).isNotDone();
        }
    }

    // ---- Calls -----------------------------------------------------------------------------------------------

    private static RecordedCall<String> call(
            MethodDescriptor<String, String> method, CallOptions options, String message) {
        RecordedCall<String> listener = new RecordedCall<>();
        start(method, options, listener, message);
        return listener;
    }

    private static ClientCall<String, String> start(
            MethodDescriptor<String, String> method,
            CallOptions options,
            RecordedCall<String> listener,
            String message) {
        ClientCall<String, String> call = channel.newCall(method, options);
        call.start(listener, new Metadata());
        call.request(1000);
        call.sendMessage(message);
        call.halfClose();
        return call;
    }
}
