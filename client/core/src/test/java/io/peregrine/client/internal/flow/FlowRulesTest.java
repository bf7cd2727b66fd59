package io.peregrine.client.internal.flow;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;

/**
 * The Reactive Streams TCK over calls that answer on the thread that asks, as many messages as there are numbers. Over
 * a connection: {@link io.peregrine.client.FlowIT}.
 */
class FlowRulesTest {
    private static final MethodDescriptor<byte[], byte[]> LIST =
            MethodDescriptor.serverStreaming("test.Echo/List", Marshallers.bytes(), Marshallers.bytes());
    private static final MethodDescriptor<byte[], byte[]> CHAT =
            MethodDescriptor.bidiStreaming("test.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());
    private static final byte[] MESSAGE = {1};

    @TestFactory
    Stream<DynamicTest> responses() {
        return Rules.of(Responses::new);
    }

    @TestFactory
    Stream<DynamicTest> requests() {
        return Rules.of(RequestsOfACall::new);
    }

    public static final class Responses extends FlowPublisherVerification<byte[]> {
        public Responses() {
            super(new PatientEnvironment());
        }

        @Override
        public Flow.Publisher<byte[]> createFlowPublisher(long elements) {
            return ResponsePublisher.of(starter(elements, Status.OK), LIST, CallOptions.DEFAULT, MESSAGE);
        }

        @Override
        public Flow.Publisher<byte[]> createFailedFlowPublisher() {
            Status failure = Status.of(StatusCode.UNAVAILABLE, "no back end");
            return ResponsePublisher.of(starter(0, failure), LIST, CallOptions.DEFAULT, MESSAGE);
        }
    }

    public static final class RequestsOfACall extends FlowSubscriberBlackboxVerification<byte[]> {
        public RequestsOfACall() {
            super(new PatientEnvironment());
        }

        @Override
        public Flow.Subscriber<byte[]> createFlowSubscriber() {
            Requests<byte[]> requests = Requests.published(CHAT);
            requests.begin(new SameThreadCall<>(0, MESSAGE, Status.OK, new Ignoring()));
            return requests;
        }

        @Override
        public byte[] createElement(int number) {
            return new byte[] {(byte) number};
        }
    }

    private static CallStarter starter(long messages, Status end) {
        return new CallStarter() {
            @Override
            @SuppressWarnings("unchecked")
            public <Q, R> ClientCall<Q> startCall(
                    MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback) {
                SameThreadCall<Q, R> call = new SameThreadCall<>(messages, (R) MESSAGE, end, callback);
                call.request(0);
                return call;
            }
        };
    }

    /** Answers on whichever thread asks, one at a time. */
    private static final class SameThreadCall<Q, R> implements ClientCall<Q> {
        private final AtomicLong demand = new AtomicLong();
        private final AtomicLong steps = new AtomicLong();
        private final R message;
        private final Status end;
        private final StreamCallback<R> callback;
        private long left;
        private boolean ended;
        private volatile @Nullable StatusException cancelled;

        SameThreadCall(long messages, R message, Status end, StreamCallback<R> callback) {
            this.left = messages;
            this.message = message;
            this.end = end;
            this.callback = callback;
        }

        @Override
        public void request(int messages) {
            demand.addAndGet(messages);
            proceed();
        }

        private void proceed() {
            if (steps.getAndIncrement() > 0) {
                return;
            }
            do {
                answer();
            } while (steps.decrementAndGet() > 0);
        }

        private void answer() {
            while (cancelled == null && !ended && left > 0 && demand.get() > 0) {
                left--;
                demand.decrementAndGet();
                callback.onMessage(message);
            }
            StatusException reason = cancelled;
            if (!ended && (reason != null || left == 0)) {
                ended = true;
                if (reason != null) {
                    callback.onFailure(reason);
                } else if (end.isOk()) {
                    callback.onComplete(Metadata.EMPTY);
                } else {
                    callback.onFailure(new StatusException(end));
                }
            }
        }

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {
            cancelled = new StatusException(new Status(StatusCode.CANCELLED, reason, cause));
            proceed();
        }

        @Override
        public void cancel() {
            cancel("cancelled", null);
        }

        @Override
        public boolean trySend(Q request) {
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void closeSend() {}

        @Override
        public void cork() {}

        @Override
        public void flush() {}

        @Override
        public void compress(boolean on) {}
    }

    private static final class Ignoring implements StreamCallback<byte[]> {
        @Override
        public void onMessage(byte[] message) {}

        @Override
        public void onComplete(Metadata trailers) {}

        @Override
        public void onFailure(StatusException failure) {}
    }
}
