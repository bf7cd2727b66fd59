package io.peregrine.client.internal.control;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** SPEC 2.9, on the side of a subchannel. */
class SubConnectionHealthTest extends SubConnectionFixture {
    @Test
    void hc1WithoutAServiceASubchannelIsFitAsSoonAsItIsReady() {
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));

        bring(READY);

        assertThat(health).containsExactly(READY);
        assertThat(watches).isEmpty();
    }

    @Test
    void hc1WithoutAPolicyThatWantsItNothingIsAsked() {
        healthService = "echo";

        bring(READY);

        assertThat(watches).isEmpty();
        assertThat(state()).isEqualTo(READY);
    }

    @Test
    void hc2ItIsConnectingUntilTheServerHasAnsweredAndAskedWhenItIsReady() {
        healthService = "echo";
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(CONNECTING);
        assertThat(watches).isEmpty();
        last().listener().onReady();

        assertThat(health).containsExactly(CONNECTING);
        assertThat(watches).hasSize(1);
        assertThat(watches.get(0).started).isTrue();
        assertThat(watches.get(0).service).isEqualTo("echo");
        watches.get(0).tell(TRANSIENT_FAILURE);
        watches.get(0).tell(READY);

        assertThat(health).containsExactly(CONNECTING, TRANSIENT_FAILURE, READY);
    }

    @Test
    void hc4TheNextConnectionIsAskedAnewAndTheOldOneNotAnyMore() {
        healthService = "echo";
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(READY);
        last().listener().onFirstResponse();
        last().terminate("lost", null);
        assertThat(watches.get(0).started).isFalse();

        connect();
        last().listener().onReady();

        assertThat(watches).hasSize(2);
        assertThat(health).containsExactly(CONNECTING, CONNECTING);
    }

    @Test
    void hc1AnotherServiceIsAskedForOnTheConnectionThatThereIs() {
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(READY);

        healthService = "echo";
        context.execute(subConnection::onHealthServiceChanged);
        healthService = "other";
        context.execute(subConnection::onHealthServiceChanged);
        assertThat(watches).extracting(watch -> watch.started).containsExactly(false, true);
        healthService = null;
        context.execute(subConnection::onHealthServiceChanged);

        assertThat(health).containsExactly(READY, CONNECTING, CONNECTING, READY);
        assertThat(watches).noneMatch(watch -> watch.started);
    }
}
