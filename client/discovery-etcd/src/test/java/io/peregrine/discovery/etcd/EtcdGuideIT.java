package io.peregrine.discovery.etcd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.Status;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.NamedServer;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.discovery.etcd.proto.AuthenticateResponse;
import io.peregrine.testkit.Guide;
import io.peregrine.testkit.RecordedLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/guides/discovery.md that are about etcd, with channels that call real servers. */
class EtcdGuideIT {
    private final CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(20));
    private final byte[] request = {};
    private ScriptedEtcd script;
    private NamedServer a;

    @BeforeEach
    void begin() throws Exception {
        script = new ScriptedEtcd();
        a = new NamedServer("a");
    }

    @AfterEach
    void end() throws Exception {
        script.close();
        a.close();
    }

    @Test
    void byTargetAlone() throws Exception {
        String members = script.address();
        ClientConn conn = ClientConn.builder("etcd://" + members + "/services/greeter")
                .credentials(InsecureCredentials.create())
                .build();

        conn.connect();
        script.serve(3, Map.of("services/greeter/a", "127.0.0.1:" + a.port()));
        String answer = new String(conn.invoke(NamedServer.WHO, request, options), UTF_8);

        assertThat(answer).isEqualTo("a");
        conn.close();
    }

    @Test
    void withOptions() throws Exception {
        String member = script.address();
        ChannelCredentials toEtcd = InsecureCredentials.create();
        String password = "secret";
        EtcdResolverProvider etcd = EtcdResolverProvider.builder()
                .members(member)
                .credentials(toEtcd)
                .user("ana", password)
                .build();
        ClientConn conn = ClientConn.builder("etcd:///services/greeter")
                .resolver(etcd)
                .credentials(InsecureCredentials.create())
                .serviceConfigJson("{\"loadBalancingConfig\": [{\"round_robin\": {}}]}")
                .build();

        conn.connect();
        script.nextLogin()
                .answer(AuthenticateResponse.newBuilder().setToken("t.1").build());
        script.serve(3, Map.of("services/greeter/a", "127.0.0.1:" + a.port()));
        assertThat(conn.invoke(NamedServer.WHO, request, options)).isEqualTo(new byte[] {'a'});
        conn.close();
    }

    @Test
    void rs2AFailingEtcdCostsNothingWhileThereIsALastGoodState() throws Exception {
        try (RecordedLog log = new RecordedLog(EtcdResolver.class);
                ClientConn conn = channel()) {
            conn.connect();
            ScriptedEtcd.Watch watch = script.serve(3, Map.of("services/greeter/a", "127.0.0.1:" + a.port()));
            assertThat(conn.invoke(NamedServer.WHO, request, options)).isEqualTo(new byte[] {'a'});
            watch.fail(Status.UNAVAILABLE.withDescription("etcdserver: server stopped"));
            script.nextRange().fail(Status.INTERNAL);
            script.nextRange();

            assertThat(conn.invoke(NamedServer.WHO, request, options)).isEqualTo(new byte[] {'a'});
            assertThat(conn.state()).isEqualTo(ConnectivityState.READY);
            assertThat(log.lines()).hasSize(1);
        }
    }

    @Test
    void rs2WithoutAGoodStateCallsFailWithTheReason() throws Exception {
        try (RecordedLog log = new RecordedLog(EtcdResolver.class);
                ClientConn conn = channel()) {
            conn.connect();
            script.nextRange().fail(Status.PERMISSION_DENIED.withDescription("etcdserver: permission denied"));
            script.nextRange();

            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(NamedServer.WHO, request, options))
                    .withMessageContaining("etcd at [" + script.address() + "], prefix \"services/greeter/\"")
                    .withMessageContaining("etcdserver: permission denied");
            assertThat(conn.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
            assertThat(log.lines()).hasSize(1);
        }
    }

    @Test
    void theGuideShowsWhatIsRunHere() {
        List<String> source = Guide.sourceOf(EtcdGuideIT.class);
        List<String> shown = Guide.named("discovery.md").snippets("java").stream()
                .filter(snippet -> snippet.contains("etcd"))
                .toList();

        assertThat(shown).hasSize(2);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    private ClientConn channel() {
        return ClientConn.builder("etcd://" + script.address() + "/services/greeter")
                .resolver(new EtcdResolverProvider())
                .credentials(InsecureCredentials.create())
                .build();
    }
}
