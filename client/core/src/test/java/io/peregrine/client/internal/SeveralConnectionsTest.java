package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.internal.control.AddressBackoff;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** SPEC 2.15 as a call sees it: connections come and go, and it finds one. */
class SeveralConnectionsTest {
    private final CallFixture fixture = new CallFixture();
    private final List<FakeTransport> opened = new ArrayList<>();
    private final PoolDirectory pools =
            PoolDirectory.of(ConnectionScaling.builder().warmStandby(true).build());
    private final SubConnection subConnection = readyWithStandby();

    @AfterEach
    void everythingIsReleased() {
        fixture.assertAllReleased();
        assertThat(opened).allMatch(transport -> transport.live.isEmpty());
    }

    @Test
    void cs10ACallThatMeetsAGoAwayGoesToTheStandby() {
        FakeTransport first = opened.get(0);
        FakeTransport standby = opened.get(1);
        // Published before the call waits: it is told of by nobody any more.
        first.beforeAccept = () -> {
            first.answer = StartResult.CLOSED;
            first.listener().onDraining("GOAWAY");
        };

        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        assertThat(first.started).isEmpty();
        standby.respond(standby.last(), 1);

        assertThat(end.response()).containsExactly(1);
    }

    @Test
    void cs5ACallThatFindsNoConnectionGoesToTheNextOne() {
        opened.get(0).answer = StartResult.CLOSED;
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        assertThat(fixture.pickers.waiting()).isEqualTo(1);
        assertThat(end.ends()).isZero();

        opened.get(0).listener().onDraining("GOAWAY");

        assertThat(fixture.pickers.waiting()).isZero();
        opened.get(1).respond(opened.get(1).last(), 1);
        assertThat(end.response()).containsExactly(1);
    }

    @Test
    void cs5ACallThatIsGivenBackIsSentElsewhereAndItsPickWasInVain() {
        List<Boolean> sent = new ArrayList<>();
        PickResult watched = PickResult.of(subConnection).onDone(done -> sent.add(done.isSent()));
        fixture.pickers.publish(info -> watched);
        FakeTransport first = opened.get(0);
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        Attempt<?> waiting = first.last();
        opened.get(0).listener().onDraining("GOAWAY");

        first.fail(waiting, StreamFailure.Kind.UNPROCESSED);
        opened.get(1).respond(opened.get(1).last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(sent).containsExactly(false, true);
    }

    @Test
    void cs6ACallThatWaitedForTheLastConnectionIsUnavailableIfThereIsNoOther() {
        FakeTransport first = opened.get(0);
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        Attempt<?> waiting = first.last();
        opened.get(1).terminate("reset", null);
        opened.get(2).terminate("refused", null);
        first.listener().onTerminated("reset", null);

        first.fail(waiting, StreamFailure.Kind.UNPROCESSED);
        assertThat(end.ends()).as("it picks again").isZero();
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "127.0.0.1 refused")));

        assertThat(end.status()).isEqualTo(Status.of(StatusCode.UNAVAILABLE, "127.0.0.1 refused"));
        assertThat(first.started).as("sent once, and never seen").hasSize(1);
    }

    private SubConnection readyWithStandby() {
        SubConnection.Channel channel = new SubConnection.Channel() {
            @Override
            public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
                FakeTransport transport = new FakeTransport(address);
                transport.listener = listener;
                opened.add(transport);
                return transport;
            }

            @Override
            public void resolveNow() {}

            @Override
            public PoolDirectory pools() {
                return pools;
            }

            @Override
            public void onOtherConnections() {
                fixture.pickers.wakeAll();
            }

            @Override
            public void onTransportClosed(ClientTransport closed) {}
        };
        SubConnection made = new SubConnection(
                fixture.transport.remoteAddress(),
                Attributes.EMPTY,
                new AddressBackoff(),
                fixture.context,
                channel,
                (state, status) -> {});
        fixture.context.execute(made::connect);
        opened.get(0).listener().onReady();
        opened.get(1).listener().onReady();
        PickResult picked = PickResult.of(made);
        fixture.pickers.publish(info -> picked);
        return made;
    }
}
