package io.peregrine.client.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class ConnectionScalingTest {
    @Test
    void cs1OneConnectionUnlessTheServiceConfigAsksForUpToTen() {
        ConnectionScaling single = ConnectionScaling.single();

        assertThat(single.minConnections()).isEqualTo(1);
        assertThat(single.maxConnections(1)).isEqualTo(1);
        assertThat(single.maxConnections(4)).isEqualTo(4);
        assertThat(single.maxConnections(100)).isEqualTo(10);
    }

    @Test
    void cs1TheGreaterOfTheTwoMaximaCounts() {
        ConnectionScaling scaling =
                ConnectionScaling.builder().minConnections(2).maxConnections(5).build();

        assertThat(scaling.maxConnections(3)).isEqualTo(5);
        assertThat(scaling.maxConnections(7)).isEqualTo(7);
        assertThat(ConnectionScaling.builder().minConnections(4).build().maxConnections())
                .as("at least the minimum")
                .isEqualTo(4);
    }

    @Test
    void aBuilderOfOptionsKeepsThem() {
        ConnectionScaling scaling = ConnectionScaling.builder()
                .limit(20)
                .minConnections(2)
                .maxConnections(12)
                .openBeforeFull(0.7)
                .warmStandby(true)
                .maxAge(Duration.ofMinutes(30))
                .maxAgeGrace(Duration.ofSeconds(5))
                .maxAgeJitter(0.5)
                .placement(CallPlacement.LEAST_LOADED)
                .build();

        assertThat(scaling.toBuilder().build()).usingRecursiveComparison().isEqualTo(scaling);
    }

    @Test
    void refusesWhatIsOutOfRange() {
        refuses(ConnectionScaling.builder().minConnections(0), "min connections: 0 (expected: 1..10)");
        refuses(ConnectionScaling.builder().maxConnections(11), "max connections: 11 (expected: 1..10)");
        refuses(ConnectionScaling.builder().limit(1001), "connection limit: 1001 (expected: 1..1000)");
        refuses(ConnectionScaling.builder().openBeforeFull(0), "open before full: 0.0 (expected: above 0, at most 1)");
        refuses(
                ConnectionScaling.builder().openBeforeFull(Double.NaN),
                "open before full: NaN (expected: above 0, at most 1)");
        refuses(
                ConnectionScaling.builder().maxAge(Duration.ofMillis(1)),
                "max age: PT0.001S (expected: at least PT1S)");
        refuses(
                ConnectionScaling.builder().maxAgeGrace(Duration.ofMillis(-1)),
                "max age grace: PT-0.001S (expected: at least PT0S)");
        refuses(
                ConnectionScaling.builder().maxAge(ChronoUnit.FOREVER.getDuration()),
                "max age: PT2562047788015215H30M7.999999999S (expected: at most PT876000H)");
        refuses(
                ConnectionScaling.builder().maxAgeGrace(ChronoUnit.FOREVER.getDuration()),
                "max age grace: PT2562047788015215H30M7.999999999S (expected: at most PT876000H)");
        refuses(ConnectionScaling.builder().maxAgeJitter(1.5), "max age jitter: 1.5 (expected: 0..1)");
    }

    @Test
    void thePresetsAreWhatTheySay() {
        Preset fast = Preset.LOW_LATENCY;

        assertThat(fast.keepAlive()).isNull();
        assertThat(fast.socketTuning().tcpUserTimeout()).contains(Duration.ofSeconds(2));
        assertThat(fast.transportOptions().maxStreamWindowBytes())
                .as("fixed, so that nothing is probed")
                .isEqualTo(fast.transportOptions().streamWindowBytes());
        assertThat(fast.transportOptions().deadlineProbe()).isNotNull();
        assertThat(fast.connectionScaling().warmStandby()).isTrue();
        assertThat(Preset.KEEPALIVE.keepAlive()).isNotNull();
        assertThat(Preset.KEEPALIVE.connectionScaling()).isSameAs(ConnectionScaling.single());
    }

    private static void refuses(ConnectionScaling.Builder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }
}
