package io.peregrine.jmh.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SystemCallsTest {
    @Test
    void readsTheSummaryOfStrace() {
        Map<String, Long> counts = SystemCalls.parse(List.of(
                "% time     seconds  usecs/call     calls    errors syscall",
                "------ ----------- ----------- --------- --------- ----------------",
                " 71.23    0.123456           3     31000       120 futex",
                " 28.77    0.049876          12     10000           recvfrom",
                "------ ----------- ----------- --------- --------- ----------------",
                "100.00    0.173332           4     41000       120 total"));

        assertThat(counts).containsOnly(entry("futex", 31_000L), entry("recvfrom", 10_000L));
    }

    @Test
    void namesTheMostFrequentFirst() {
        assertThat(SystemCalls.perCall(Map.of("recvfrom", 10_000L, "futex", 31_000L), 10_000))
                .isEqualTo("futex 3.100, recvfrom 1.000");
    }

    @Test
    void readsTheWakeUpsOfAThread() {
        List<String> status =
                List.of("Name:\tcaller", "voluntary_ctxt_switches:\t42", "nonvoluntary_ctxt_switches:\t7");

        assertThat(ContextSwitches.voluntary(status)).isEqualTo(42);
    }
}
