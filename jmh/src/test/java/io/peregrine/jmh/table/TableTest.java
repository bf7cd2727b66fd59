package io.peregrine.jmh.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void showsMediansWithTheirRangeAndTheRatioToTheTunedPeer() {
        String table = Table.of(List.of(
                cost("peregrine", "100", "plaintext", 0.4),
                cost("peregrine", "100", "plaintext", 0.6),
                cost("peregrine", "100", "plaintext", 0.5),
                cost("grpc-java-tuned", "100", "plaintext", 5)));

        assertThat(table).contains("| async, 100 | CPU µs | 0.50 (0.40..0.60) |  | 5.00 |  | 0.9 |  | 0.10 |");
    }

    @Test
    void scalesTheGoalByTheFloorOfThisMachine() {
        String table =
                Table.of(List.of(cost("peregrine", "100", "plaintext", 1), cost("floor", "100", "plaintext", 0.58)));

        assertThat(table).contains("| async, 100 | CPU µs | 1.00 |  |  | 0.58 | 0.9 | 1.80 |  |");
    }

    @Test
    void leavesOutRowsWithoutAResultOfOurs() {
        String table = Table.of(
                List.of(cost("peregrine", "blocking", "tls", 20), cost("grpc-java-tuned", "100", "plaintext", 5)));

        assertThat(table).contains("| TLS, blocking, hand-off |").doesNotContain("async, 100", "caller-driven");
    }

    @Test
    void takesTheMessagesArrayOffTheBytes() {
        String table = Table.of(List.of("{\"driver\":\"CpuPerCall\",\"peer\":\"peregrine\",\"mode\":\"receive-1024\","
                + "\"security\":\"plaintext\",\"bytes\":1047.0,\"messageBytes\":1024}"));

        assertThat(table).contains("| server streaming, 1 KiB | heap bytes beyond the message | 7 |");
    }

    @Test
    void showsWakeUpsAndSystemCallsOfEveryClient() {
        String table = Table.of(List.of("{\"driver\":\"CpuPerCall\",\"peer\":\"peregrine\",\"mode\":\"blocking\","
                + "\"security\":\"tls\",\"wakeUps\":2.0,\"systemCalls\":8.1,\"systemCallsByName\":\"futex 3.000\"}"));

        assertThat(table).contains("| TLS, blocking | peregrine | 2.00 | 8.10 | futex 3.000 |");
    }

    @Test
    void refusesLinesThatAreNoResults() {
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(List.of("warm 42")));
    }

    private static String cost(String peer, String mode, String security, double cpuUs) {
        return "{\"driver\":\"CpuPerCall\",\"peer\":\"" + peer + "\",\"mode\":\"" + mode + "\",\"security\":\""
                + security + "\",\"cpuUs\":" + cpuUs + '}';
    }
}
