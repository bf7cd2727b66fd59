package io.peregrine.discovery.consul;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.NamedServer;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.testkit.Guide;
import io.peregrine.testkit.RecordedLog;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/guides/discovery.md that are about Consul, with channels that call real servers. */
class ConsulGuideIT {
    private final CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(20));
    private final byte[] request = {};
    private ScriptedConsul script;
    private NamedServer a;
    private NamedServer b;

    @BeforeEach
    void begin() throws Exception {
        script = new ScriptedConsul();
        a = new NamedServer("a");
        b = new NamedServer("b");
    }

    @AfterEach
    void end() {
        script.close();
        a.close();
        b.close();
    }

    @Test
    void byTargetAlone() throws Exception {
        String agent = script.address();
        ClientConn conn = ClientConn.builder("consul://" + agent + "/greeter/tag=v2/near=_agent")
                .credentials(InsecureCredentials.create())
                .build();

        conn.connect();
        ScriptedConsul.Query query = script.next();
        query.answerAt(5, Entries.json(a.port()));
        String answer = new String(conn.invoke(NamedServer.WHO, request, options), UTF_8);

        assertThat(query.uri()).contains("tag=v2&near=_agent");
        assertThat(answer).isEqualTo("a");
        conn.close();
    }

    @Test
    void withOptions() throws Exception {
        String agent = "http://" + script.address();
        String token = "01234567-89ab-cdef-0123-456789abcdef";
        ConsulResolverProvider consul = ConsulResolverProvider.builder()
                .address(agent)
                .token(token)
                .tag("v2")
                .health(HealthFilter.WARNING)
                .queryWait(Duration.ofSeconds(30))
                .build();
        ClientConn conn = ClientConn.builder("consul:///greeter")
                .resolver(consul)
                .credentials(InsecureCredentials.create())
                .serviceConfigJson("{\"loadBalancingConfig\": [{\"round_robin\": {}}]}")
                .build();

        conn.connect();
        script.next().answerAt(5, Entries.json(a.port()));
        assertThat(new String(conn.invoke(NamedServer.WHO, request, options), UTF_8))
                .isEqualTo("a");
        script.next().answerAt(6, Entries.json(b.port()));
        script.next();
        assertThat(awaitAnswer(conn, "b")).isTrue();
        conn.close();
    }

    @Test
    void rs2AFailingConsulCostsNothingWhileThereIsALastGoodState() throws Exception {
        try (RecordedLog log = new RecordedLog(ConsulResolver.class);
                ClientConn conn = channel()) {
            conn.connect();
            script.next().answerAt(5, Entries.json(a.port()));
            assertThat(conn.invoke(NamedServer.WHO, request, options)).isEqualTo(new byte[] {'a'});
            script.next().answer(500, "No cluster leader");
            script.next().answer(200, "[{");
            script.next();

            assertThat(conn.invoke(NamedServer.WHO, request, options)).isEqualTo(new byte[] {'a'});
            assertThat(conn.state()).isEqualTo(ConnectivityState.READY);
            assertThat(log.lines()).hasSize(1);
        }
    }

    @Test
    void rs2WithoutAGoodStateCallsFailWithTheReason() throws Exception {
        try (RecordedLog log = new RecordedLog(ConsulResolver.class);
                ClientConn conn = channel()) {
            conn.connect();
            script.next().answer(403, "Permission denied: token lacks service:read");
            script.next();

            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(NamedServer.WHO, request, options))
                    .withMessageContaining("consul at " + script.address()
                            + ", service \"greeter\": answered 403: Permission denied: token lacks service:read");
            assertThat(conn.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
            assertThat(log.lines()).hasSize(1);
        }
    }

    @Test
    void theGuideShowsWhatIsRunHere() {
        List<String> source = Guide.sourceOf(ConsulGuideIT.class);
        List<String> shown = Guide.named("discovery.md").snippets("java").stream()
                .filter(snippet -> snippet.contains("consul"))
                .toList();

        assertThat(shown).hasSize(2);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    private ClientConn channel() {
        return ClientConn.builder("consul://" + script.address() + "/greeter")
                .resolver(new ConsulResolverProvider())
                .credentials(InsecureCredentials.create())
                .build();
    }

    /** The answer comes from the new server as soon as the channel has connected to it. */
    private boolean awaitAnswer(ClientConn conn, String expected) {
        long giveUpNs = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (System.nanoTime() - giveUpNs < 0) {
            if (new String(conn.invoke(NamedServer.WHO, request, options), UTF_8).equals(expected)) {
                return true;
            }
        }
        return false;
    }
}
