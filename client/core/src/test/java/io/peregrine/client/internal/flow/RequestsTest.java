package io.peregrine.client.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.peregrine.client.ClientCall;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a publisher of requests is asked for, and when; beyond the rules of {@link FlowRulesTest}. */
class RequestsTest {
    private static final MethodDescriptor<byte[], byte[]> CHAT =
            MethodDescriptor.bidiStreaming("test.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());
    private static final byte[] MESSAGE = {1};

    private final List<String> log = new ArrayList<>();
    private final RecordedCall call = new RecordedCall();
    private final Requests<byte[]> requests = Requests.published(CHAT);
    private final Flow.Subscription source = new Flow.Subscription() {
        @Override
        public void request(long messages) {
            log.add("request " + messages);
        }

        @Override
        public void cancel() {
            log.add("cancel source");
        }
    };

    @Test
    void asksForOneMessageAtATimeAndForTheNextOnceItIsTaken() {
        begin();

        requests.onNext(MESSAGE);
        requests.onNext(MESSAGE);

        assertThat(log).containsExactly("request 1", "send", "request 1", "send", "request 1");
    }

    @Test
    void asksForNothingWhileAMessageWaitsForRoom() {
        begin();
        call.full = true;

        requests.onNext(MESSAGE);
        requests.onComplete();
        assertThat(log).containsExactly("request 1", "full", "full");

        call.full = false;
        requests.onWritable();
        assertThat(log).containsExactly("request 1", "full", "full", "send", "closeSend");
    }

    /** The publisher answers inside request(1): it must not recurse as deep as there are messages. */
    @Test
    void aPublisherThatAnswersAtOnceIsServedInALoop() {
        int messages = 100_000;
        requests.begin(call);
        requests.onSubscribe(new Flow.Subscription() {
            private int left = messages;

            @Override
            public void request(long count) {
                if (left-- > 0) {
                    requests.onNext(MESSAGE);
                } else {
                    requests.onComplete();
                }
            }

            @Override
            public void cancel() {}
        });

        assertThat(log).hasSize(messages + 1).endsWith("send", "closeSend");
    }

    @Test
    void theEndOfTheCallCancelsThePublisherOnce() {
        begin();

        requests.end();
        requests.end();
        requests.onNext(MESSAGE);

        assertThat(log).containsExactly("request 1", "cancel source");
    }

    @Test
    void aPublisherThatSubscribesAfterTheEndIsCancelled() {
        requests.begin(call);
        requests.end();

        requests.onSubscribe(source);

        assertThat(log).containsExactly("cancel source");
    }

    @Test
    void aSecondSubscriptionIsCancelled() {
        begin();

        requests.onSubscribe(source);

        assertThat(log).containsExactly("request 1", "cancel source");
    }

    @Test
    void aFailureOfThePublisherCancelsTheCallWithThatCause() {
        IllegalStateException failure = new IllegalStateException("no more");
        begin();

        requests.onError(failure);

        assertThat(call.cancelCause).isSameAs(failure);
        assertThat(log).containsExactly("request 1", "cancel");
    }

    @Test
    void aMessageThatNobodyAskedForCancelsTheCallAndThePublisher() {
        begin();
        call.full = true;

        requests.onNext(MESSAGE);
        requests.onNext(MESSAGE);

        assertThat(call.cancelCause).isInstanceOf(IllegalStateException.class);
        assertThat(log).containsExactly("request 1", "full", "cancel", "cancel source");
    }

    @Test
    void aNullMessageIsRefusedAndCancelsTheCall() {
        begin();

        assertThatNullPointerException().isThrownBy(() -> requests.onNext(null));

        assertThat(log).containsExactly("request 1", "cancel", "cancel source");
    }

    @Test
    void whatSubscribeThrowsCancelsTheCall() {
        IllegalStateException thrown = new IllegalStateException("no");
        requests.begin(call);

        requests.follow(subscriber -> {
            throw thrown;
        });

        assertThat(call.cancelCause).isSameAs(thrown);
    }

    @Test
    void whatTheSourceOrTheCallThrowsCancelsTheCall() {
        begin();
        call.thrown = new IllegalStateException("a second message");

        requests.onNext(MESSAGE);

        assertThat(call.cancelCause).isSameAs(call.thrown);
        assertThat(log).containsExactly("request 1", "cancel", "cancel source");
    }

    @Test
    void anOnlyRequestIsFollowedByTheEndOnce() {
        Requests<byte[]> only = Requests.only(CHAT, MESSAGE);

        only.begin(call);
        only.onWritable();

        assertThat(log).containsExactly("send", "closeSend");
    }

    private void begin() {
        requests.begin(call);
        requests.onSubscribe(source);
    }

    private final class RecordedCall implements ClientCall<byte[]> {
        boolean full;

        @Nullable
        RuntimeException thrown;

        @Nullable
        Throwable cancelCause;

        @Override
        public boolean trySend(byte[] message) {
            if (thrown != null) {
                throw thrown;
            }
            log.add(full ? "full" : "send");
            return !full;
        }

        @Override
        public boolean isWritable() {
            return !full;
        }

        @Override
        public void closeSend() {
            log.add("closeSend");
        }

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {
            log.add("cancel");
            cancelCause = cause;
        }

        @Override
        public void request(int messages) {}

        @Override
        public void cork() {}

        @Override
        public void flush() {}

        @Override
        public void compress(boolean on) {}

        @Override
        public void cancel() {}
    }
}
