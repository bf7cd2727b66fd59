package io.peregrine.client.credentials;

import static io.peregrine.client.credentials.RecordedAnswer.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Credentials that are joined: for calls, and those of a channel with those of its calls (SPEC CR-1, MD-8). */
class CompositeCredentialsTest {
    private static final Metadata.Key<String> WHO = Metadata.Key.of("x-who");

    /** What was asked and did not answer at once. */
    private final List<CallCredentials.Applier> asked = new ArrayList<>();

    private final CallCredentials later = (call, applier) -> asked.add(applier);

    @Test
    void md8TheFieldsOfTheFirstComeFirstAndNamesMayOccurTwice() {
        CallCredentials composite =
                CompositeCallCredentials.of(who("a"), CompositeCallCredentials.of(who("b"), who("c")));

        assertThat(ask(composite).fields().all(WHO)).containsExactly("a", "b", "c");
    }

    @Test
    void cr1TheSecondIsAskedAfterTheFirstHasAnswered() {
        RecordedAnswer answer = ask(CompositeCallCredentials.of(later, later));
        assertThat(asked).hasSize(1);

        asked.get(0).apply(fields("a"));
        assertThat(asked).hasSize(2);
        answer.assertWaiting();
        asked.get(1).apply(fields("b"));

        assertThat(answer.fields().all(WHO)).containsExactly("a", "b");
    }

    @Test
    void cr1AFailureOfTheFirstIsTheResultAndTheSecondIsNotAsked() {
        AtomicInteger second = new AtomicInteger();
        Status failure = Status.of(StatusCode.UNAUTHENTICATED, "no");

        RecordedAnswer answer = ask(CompositeCallCredentials.of(
                (call, applier) -> applier.fail(failure), (call, applier) -> second.incrementAndGet()));

        assertThat(answer.failure(StatusCode.UNAUTHENTICATED)).isSameAs(failure);
        assertThat(second).hasValue(0);
    }

    @Test
    void cr1AFailureOfTheSecondIsTheResult() {
        Status failure = Status.of(StatusCode.UNAVAILABLE, "no");

        RecordedAnswer answer = ask(CompositeCallCredentials.of(who("a"), (call, applier) -> applier.fail(failure)));

        assertThat(answer.failure(StatusCode.UNAVAILABLE)).isSameAs(failure);
    }

    @Test
    void cr1OnlyTheFirstAnswerOfTheFirstCounts() {
        AtomicInteger second = new AtomicInteger();
        RecordedAnswer answer = ask(CompositeCallCredentials.of(later, (call, applier) -> {
            second.incrementAndGet();
            applier.apply(fields("b"));
        }));

        asked.get(0).apply(fields("a"));
        asked.get(0).apply(fields("again"));
        asked.get(0).fail(Status.of(StatusCode.UNAVAILABLE, "again"));

        assertThat(answer.fields().all(WHO)).containsExactly("a", "b");
        assertThat(second).hasValue(1);
    }

    /** The first has answered on a thread that does not know the call, so nobody else would tell it. */
    @Test
    void cr4ASecondThatThrowsEndsTheAttemptWhereverTheFirstAnswered() {
        RecordedAnswer answer = ask(CompositeCallCredentials.of(later, (call, applier) -> {
            throw new IllegalStateException("broken");
        }));

        asked.get(0).apply(fields("a"));

        assertThat(answer.failure(StatusCode.INTERNAL).message())
                .isEqualTo("the credentials threw: java.lang.IllegalStateException: broken");
    }

    @Test
    @SuppressWarnings("NullAway") // what code without null checks does
    void cr4NullForTheFieldsOfEitherIsAFailure() {
        CallCredentials none = (call, applier) -> applier.apply(null);

        assertThat(ask(CompositeCallCredentials.of(none, who("b")))
                        .failure(StatusCode.INTERNAL)
                        .message())
                .isEqualTo("the credentials gave null (expected: fields)");
        ask(CompositeCallCredentials.of(who("a"), none)).failure(StatusCode.INTERNAL);
    }

    @Test
    void cr3ItRequiresPrivacyIfOneOfTheTwoDoes() {
        CallCredentials open = BearerToken.builder(() -> {
                    throw new AssertionError("not asked");
                })
                .allowPlaintext()
                .build();
        CallCredentials strict = BearerToken.of("token");

        assertThat(CompositeCallCredentials.of(open, open).requiresPrivacy()).isFalse();
        assertThat(CompositeCallCredentials.of(strict, open).requiresPrivacy()).isTrue();
        assertThat(CompositeCallCredentials.of(open, strict).requiresPrivacy()).isTrue();
    }

    @Test
    void cr1AChannelsCredentialsKeepItsTlsAndAddThoseOfItsCalls() {
        TlsCredentials tls = TlsCredentials.builder().insecureTrustAll().build();

        ChannelCredentials composite = tls.withCallCredentials(who("a")).withCallCredentials(who("b"));

        assertThat(composite.tls()).isSameAs(tls.tls());
        CallCredentials calls = composite.callCredentials();
        assertThat(calls).isNotNull();
        assert calls != null;
        assertThat(ask(calls).fields().all(WHO)).containsExactly("a", "b");
        assertThat(tls.callCredentials()).isNull();
        assertThat(InsecureCredentials.create().withCallCredentials(who("a")).tls())
                .isNull();
    }

    /** HOSTILE.md P17. */
    @Test
    void p17WhatIsJoinedShowsNoSecret() {
        CallCredentials composite = CompositeCallCredentials.of(BearerToken.of("s3cr3t"), BearerToken.of("s3cr3t"));

        assertThat(composite.toString())
                .isEqualTo("CompositeCallCredentials[BearerToken[allowsPlaintext=false],"
                        + " BearerToken[allowsPlaintext=false]]");
        assertThat(InsecureCredentials.create().withCallCredentials(composite).toString())
                .startsWith("CompositeChannelCredentials[")
                .doesNotContain("s3cr3t");
    }

    private static CallCredentials who(String name) {
        return (call, applier) -> applier.apply(fields(name));
    }

    private static Metadata fields(String who) {
        return Metadata.builder().put(WHO, who).build();
    }
}
