package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.credentials.InsecureCredentials;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What every channel of the process has, unless it says otherwise. */
@Isolated
class GlobalDefaultsTest {
    private @Nullable Consumer<ClientConnBuilder> before;

    @BeforeEach
    void remember() {
        before = ClientConn.globalDefaults(null);
    }

    @AfterEach
    void restore() {
        Consumer<ClientConnBuilder> unused = ClientConn.globalDefaults(before);
    }

    @Test
    void theyWinOverWhatIsBuiltIn() {
        set(builder -> builder.credentials(InsecureCredentials.create()).authority("global.test"));

        try (ClientConn conn = ClientConn.builder("dns:///any:1").build()) {
            assertThat(conn.state()).isEqualTo(ConnectivityState.IDLE);
        }
    }

    @Test
    void theBuildersOwnCallsWinOverThem() {
        set(builder -> builder.credentials(InsecureCredentials.create()).serviceConfigJson("not a config"));

        try (ClientConn conn =
                ClientConn.builder("dns:///any:1").serviceConfigJson("{}").build()) {
            assertThat(conn.target()).isEqualTo("dns:///any:1");
        }
    }

    @Test
    void theLastOneCountsAndTheOneBeforeIsReturned() {
        Consumer<ClientConnBuilder> first = builder -> builder.credentials(InsecureCredentials.create());
        Consumer<ClientConnBuilder> second = builder -> builder.maxWaitingCalls(1);
        assertThat(ClientConn.globalDefaults(first)).isNull();

        assertThat(ClientConn.globalDefaults(second)).isSameAs(first);

        assertThatIllegalStateException()
                .isThrownBy(() -> ClientConn.builder("dns:///any:1").build())
                .withMessageStartingWith("no credentials");
        assertThat(ClientConn.globalDefaults(null)).isSameAs(second);
    }

    @Test
    void channelsThatWereDescribedBeforeStayAsTheyAre() {
        ClientConnBuilder early = ClientConn.builder("dns:///any:1");
        set(builder -> builder.credentials(InsecureCredentials.create()));

        assertThatIllegalStateException().isThrownBy(early::build).withMessageStartingWith("no credentials");
    }

    @Test
    void whatTheyThrowWhoeverDescribesAChannelGets() {
        set(builder -> {
            throw new IllegalStateException("no defaults today");
        });

        assertThatIllegalStateException()
                .isThrownBy(() -> ClientConn.builder("dns:///any:1"))
                .withMessage("no defaults today");
    }

    @Test
    void threadsThatDescribeChannelsSeeOneOrTheOther() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        Thread setter = new Thread(() -> {
            for (int n = 0; n < 10_000; n++) {
                set(builder -> builder.maxWaitingCalls(1).maxCallAttempts(1));
                set(builder -> builder.maxWaitingCalls(2).maxCallAttempts(2));
            }
            done.countDown();
        });
        setter.start();
        while (!done.await(0, TimeUnit.SECONDS)) {
            assertThat(ClientConn.builder("dns:///any:1")).isNotNull();
        }
        setter.join();
    }

    private static void set(Consumer<ClientConnBuilder> defaults) {
        Consumer<ClientConnBuilder> unused = ClientConn.globalDefaults(defaults);
    }
}
