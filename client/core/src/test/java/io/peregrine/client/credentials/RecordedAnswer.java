package io.peregrine.client.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What credentials answered for one attempt. */
final class RecordedAnswer implements CallCredentials.Applier {
    static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization");

    private static final MethodDescriptor<byte[], byte[]> METHOD =
            MethodDescriptor.unary("bank.Vault/Open", Marshallers.bytes(), Marshallers.bytes());

    static final CallIdentity CALL = new CallIdentity(METHOD, "bank.internal:443", true);

    private final List<Object> answers = new CopyOnWriteArrayList<>();

    static RecordedAnswer ask(CallCredentials credentials) {
        return ask(credentials, CALL);
    }

    static RecordedAnswer ask(CallCredentials credentials, CallIdentity call) {
        RecordedAnswer answer = new RecordedAnswer();
        credentials.apply(call, answer);
        return answer;
    }

    static CallIdentity call(String fullMethodName, String authority) {
        return new CallIdentity(
                MethodDescriptor.unary(fullMethodName, Marshallers.bytes(), Marshallers.bytes()), authority, true);
    }

    @Override
    public void apply(Metadata fields) {
        answers.add(fields);
    }

    @Override
    public void fail(Status status) {
        answers.add(status);
    }

    int count() {
        return answers.size();
    }

    boolean isFailure() {
        return answers.get(0) instanceof Status;
    }

    void assertWaiting() {
        assertThat(answers).isEmpty();
    }

    Metadata fields() {
        assertThat(answers).hasSize(1);
        assertThat(answers.get(0)).isInstanceOf(Metadata.class);
        return (Metadata) answers.get(0);
    }

    /** The token, of the only field. */
    String token() {
        assertThat(fields().size()).isEqualTo(1);
        String value = fields().get(AUTHORIZATION);
        assertThat(value).startsWith("Bearer ");
        assert value != null;
        return value.substring("Bearer ".length());
    }

    Status failure(StatusCode code) {
        assertThat(answers).hasSize(1);
        assertThat(answers.get(0)).isInstanceOf(Status.class);
        Status status = (Status) answers.get(0);
        assertThat(status.code()).as("code of " + status).isEqualTo(code);
        return status;
    }
}
