package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.credentials.BearerToken;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.CallIdentity;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How an attempt gets its credentials' fields, and what becomes of faulty ones (SPEC CR-3 to CR-5, MD-8, PK-6). */
class AttemptCredentialsTest {
    private static final Metadata.Key<String> WHO = Metadata.Key.of("x-who");
    private static final CallIdentity SECURE = new CallIdentity(CallFixture.ECHO, "echo.test", true);
    private static final CallIdentity PLAINTEXT = new CallIdentity(CallFixture.ECHO, "echo.test", false);

    private final Result result = new Result();

    /** What was asked and did not answer at once. */
    private final List<CallCredentials.Applier> asked = new ArrayList<>();

    private final CallCredentials later = (call, applier) -> asked.add(applier);

    // ---- Order -----------------------------------------------------------------------------------------------

    @Test
    void md8TheFieldsStandBehindTheApplicationsTheChannelsBeforeTheCalls() {
        start(who("channel"), who("call"), fields("application"));

        assertThat(result.fields().all(WHO)).containsExactly("application", "channel", "call");
    }

    @Test
    void md8FieldsAreNotCopiedIfTheApplicationHasNone() {
        Metadata token = fields("token");

        start(null, (call, applier) -> applier.apply(token), Metadata.EMPTY);

        assertThat(result.fields()).isSameAs(token);
    }

    @Test
    void withoutCredentialsTheApplicationsFieldsAreTheResult() {
        Metadata application = fields("application");

        start(null, null, application);

        assertThat(result.fields()).isSameAs(application);
    }

    @Test
    void cr5CredentialsThatAnswerAtOnceAreHeardAtOnceAndTheyAreAskedOnce() {
        List<CallIdentity> seen = new ArrayList<>();

        start((call, applier) -> {
            seen.add(call);
            applier.apply(fields("channel"));
        });

        assertThat(result.fields().all(WHO)).containsExactly("channel");
        assertThat(seen).containsExactly(SECURE);
    }

    @Test
    void cr5CredentialsThatAnswerLaterAreHeardLaterAndTheCallsAreAskedThen() {
        start(later, later, fields("application"));
        assertThat(asked).hasSize(1);

        asked.get(0).apply(fields("channel"));
        assertThat(asked).hasSize(2);
        result.assertNone();
        asked.get(1).apply(fields("call"));

        assertThat(result.fields().all(WHO)).containsExactly("application", "channel", "call");
    }

    @Test
    void cr5CredentialsMayAnswerFromAnotherThread() throws Exception {
        start(later);
        Thread other = new Thread(() -> asked.get(0).apply(fields("channel")));

        other.start();
        other.join(TimeUnit.SECONDS.toMillis(30));

        assertThat(result.fields().all(WHO)).containsExactly("channel");
    }

    // ---- Failures --------------------------------------------------------------------------------------------

    @Test
    void cr3CredentialsThatRequirePrivacyAreNotAskedOnPlaintext() {
        asked(later, null, PLAINTEXT, Metadata.EMPTY, result);

        assertThat(asked).isEmpty();
        assertThat(result.failure(StatusCode.UNAUTHENTICATED).message())
                .isEqualTo("the channel's credentials require a connection with privacy and integrity,"
                        + " this one is plaintext");
    }

    @Test
    void cr3TheCallsCredentialsAreHeldToItToo() {
        asked(plaintext(who("channel")), later, PLAINTEXT, Metadata.EMPTY, result);

        assertThat(result.failure(StatusCode.UNAUTHENTICATED).message()).startsWith("the call's credentials require");
    }

    @Test
    void cr3CredentialsThatAllowPlaintextAreAsked() {
        asked(plaintext(who("channel")), null, PLAINTEXT, Metadata.EMPTY, result);

        assertThat(result.fields().all(WHO)).containsExactly("channel");
    }

    @Test
    void cr4AFailureIsTheResultAndTheCallsCredentialsAreNotAsked() {
        Status failure = Status.of(StatusCode.UNAVAILABLE, "no token");

        start((call, applier) -> applier.fail(failure), later, Metadata.EMPTY);

        assertThat(result.failure(StatusCode.UNAVAILABLE)).isSameAs(failure);
        assertThat(asked).isEmpty();
    }

    @Test
    void pk6AStatusThatOnlyTheServerMayChooseBecomesInternal() {
        start((call, applier) -> applier.fail(Status.of(StatusCode.NOT_FOUND, "no account")));

        assertThat(result.failure(StatusCode.INTERNAL).message()).endsWith("NOT_FOUND: no account");
    }

    @Test
    void pk6AFailureWithOkIsAFailure() {
        start((call, applier) -> applier.fail(Status.OK));

        result.failure(StatusCode.INTERNAL);
    }

    @Test
    void cr4TheChannelsCredentialsThatThrowAreUnauthenticated() {
        IllegalStateException thrown = new IllegalStateException("broken");

        start((call, applier) -> {
            throw thrown;
        });

        Status status = result.failure(StatusCode.UNAUTHENTICATED);
        assertThat(status.message()).isEqualTo("the channel's credentials threw: " + thrown);
        assertThat(status.cause()).isSameAs(thrown);
    }

    @Test
    void cr4TheCallsCredentialsThatThrowAreInternal() {
        start(
                null,
                (call, applier) -> {
                    throw new StackOverflowError("broken");
                },
                Metadata.EMPTY);

        assertThat(result.failure(StatusCode.INTERNAL).message()).startsWith("the call's credentials threw: ");
    }

    @Test
    void cr4CredentialsThatThrowWhenAskedForPrivacyHaveThrown() {
        CallCredentials broken = new CallCredentials() {
            @Override
            public void apply(CallIdentity call, Applier applier) {
                throw new AssertionError("not asked");
            }

            @Override
            public boolean requiresPrivacy() {
                throw new IllegalStateException("broken");
            }
        };

        asked(null, broken, PLAINTEXT, Metadata.EMPTY, result);

        assertThat(result.failure(StatusCode.INTERNAL).message()).contains("broken");
    }

    @Test
    void cr4ACallsCredentialsThatThrowAfterAWaitAreOneResult() {
        start(
                later,
                (call, applier) -> {
                    throw new IllegalStateException("broken");
                },
                Metadata.EMPTY);

        asked.get(0).apply(fields("channel"));

        result.failure(StatusCode.INTERNAL);
    }

    @Test
    @SuppressWarnings("NullAway") // what code without null checks does
    void cr4NullForFieldsOrStatusIsAFailureWithoutAStatus() {
        start(null, (call, applier) -> applier.apply(null), Metadata.EMPTY);
        Result other = new Result();
        asked((call, applier) -> applier.fail(null), null, SECURE, Metadata.EMPTY, other);

        assertThat(result.failure(StatusCode.INTERNAL).message())
                .isEqualTo("the call's credentials gave null (expected: fields)");
        assertThat(other.failure(StatusCode.UNAUTHENTICATED).message())
                .isEqualTo("the channel's credentials failed without a status");
    }

    @ParameterizedTest
    @ValueSource(strings = {":path", "grpc-timeout", "te", "content-type", "user-agent", "host", "connection"})
    void md1CredentialsMayNotSetWhatTheLibraryOwns(String name) {
        Metadata.Builder fields = Metadata.builder();
        fields.tryReceive(AsciiString.of(name), AsciiString.of("s3cr3t"));

        start((call, applier) -> applier.apply(fields.build()));

        assertThat(result.failure(StatusCode.INTERNAL).message())
                .isEqualTo("the channel's credentials set the field \"" + name
                        + "\" (expected: names that are not reserved for gRPC and HTTP)");
    }

    // ---- One result ------------------------------------------------------------------------------------------

    @Test
    void cr5OnlyTheFirstAnswerCounts() {
        start((call, applier) -> {
            applier.apply(fields("first"));
            applier.apply(fields("second"));
            applier.fail(Status.of(StatusCode.UNAVAILABLE, "third"));
        });

        assertThat(result.fields().all(WHO)).containsExactly("first");
    }

    @Test
    void cr5AFailureIsNotTakenBack() {
        start((call, applier) -> {
            applier.fail(Status.of(StatusCode.UNAVAILABLE, "first"));
            applier.apply(fields("second"));
        });

        assertThat(result.failure(StatusCode.UNAVAILABLE).message()).isEqualTo("first");
    }

    @Test
    void cr5ASecondAnswerOfTheChannelsCredentialsIsNotTakenForTheCalls() {
        start(later, later, Metadata.EMPTY);
        asked.get(0).apply(fields("channel"));

        asked.get(0).apply(fields("again"));
        result.assertNone();
        asked.get(1).apply(fields("call"));

        assertThat(result.fields().all(WHO)).containsExactly("channel", "call");
    }

    @Test
    void cr5AnAnswerCountsEvenIfWhoGaveItThrowsThen() {
        start((call, applier) -> {
            applier.apply(fields("first"));
            throw new IllegalStateException("broken");
        });

        assertThat(result.fields().all(WHO)).containsExactly("first");
    }

    @Test
    void cr5CredentialsThatNeverAnswerWaitUntilTheAttemptIsCancelled() {
        AttemptCredentials waiting = start(later);
        result.assertNone();

        assertThat(waiting.cancel()).isTrue();
        asked.get(0).apply(fields("late"));
        asked.get(0).fail(Status.of(StatusCode.UNAVAILABLE, "late"));

        result.assertNone();
        assertThat(waiting.cancel()).as("a second time").isFalse();
    }

    @Test
    void cr5ACancelAfterTheResultIsRefused() {
        assertThat(start(who("channel")).cancel()).isFalse();
    }

    /** Two answers and a cancel at once: one of the three counts. */
    @Test
    void cr5ThereIsOneResultWhateverRaces() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        CyclicBarrier barrier = new CyclicBarrier(3);
        try {
            for (int round = 0; round < 500; round++) {
                Result raced = new Result();
                AtomicReference<CallCredentials.@Nullable Applier> applier = new AtomicReference<>();
                AttemptCredentials attempt =
                        asked((call, given) -> applier.set(given), who("call"), SECURE, Metadata.EMPTY, raced);
                CallCredentials.Applier given = applier.get();
                assert given != null;

                Future<Boolean> cancelled = threads.submit(() -> {
                    barrier.await(30, TimeUnit.SECONDS);
                    return attempt.cancel();
                });
                Future<?> applied = threads.submit(() -> {
                    barrier.await(30, TimeUnit.SECONDS);
                    given.apply(fields("channel"));
                    return null;
                });
                Future<?> failed = threads.submit(() -> {
                    barrier.await(30, TimeUnit.SECONDS);
                    given.fail(Status.of(StatusCode.UNAVAILABLE, "no token"));
                    return null;
                });
                applied.get(30, TimeUnit.SECONDS);
                failed.get(30, TimeUnit.SECONDS);

                assertThat(raced.all).hasSize(cancelled.get(30, TimeUnit.SECONDS) ? 0 : 1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** HOSTILE.md P17. */
    @Test
    void p17NoFailureShowsAToken() {
        asked(BearerToken.of("s3cr3t"), null, PLAINTEXT, Metadata.EMPTY, result);

        assertThat(result.failure(StatusCode.UNAUTHENTICATED).toString()).doesNotContain("s3cr3t");
    }

    private AttemptCredentials start(CallCredentials ofChannel) {
        return start(ofChannel, null, Metadata.EMPTY);
    }

    private AttemptCredentials start(
            @Nullable CallCredentials ofChannel, @Nullable CallCredentials ofCall, Metadata application) {
        return asked(ofChannel, ofCall, SECURE, application, result);
    }

    private static CallCredentials who(String name) {
        return (call, applier) -> applier.apply(fields(name));
    }

    private static CallCredentials plaintext(CallCredentials credentials) {
        return new CallCredentials() {
            @Override
            public void apply(CallIdentity call, Applier applier) {
                credentials.apply(call, applier);
            }

            @Override
            public boolean requiresPrivacy() {
                return false;
            }
        };
    }

    private static Metadata fields(String who) {
        return Metadata.builder().put(WHO, who).build();
    }

    /** What the attempt was told. */
    private static final class Result implements AttemptCredentials.Receiver {
        final List<Object> all = new CopyOnWriteArrayList<>();

        @Override
        public void onFields(Metadata fields) {
            all.add(fields);
        }

        @Override
        public void onFailure(Status status) {
            all.add(status);
        }

        void assertNone() {
            assertThat(all).isEqualTo(Collections.emptyList());
        }

        Metadata fields() {
            assertThat(all).hasSize(1);
            assertThat(all.get(0)).isInstanceOf(Metadata.class);
            return (Metadata) all.get(0);
        }

        Status failure(StatusCode code) {
            assertThat(all).hasSize(1);
            assertThat(all.get(0)).isInstanceOf(Status.class);
            Status status = (Status) all.get(0);
            assertThat(status.code()).as("code of " + status).isEqualTo(code);
            return status;
        }
    }

    private static AttemptCredentials asked(
            @Nullable CallCredentials ofChannel,
            @Nullable CallCredentials ofCall,
            CallIdentity identity,
            Metadata application,
            AttemptCredentials.Receiver receiver) {
        AttemptCredentials asked = AttemptCredentials.prepare(identity, receiver);
        asked.ask(ofChannel, ofCall, application);
        return asked;
    }
}
