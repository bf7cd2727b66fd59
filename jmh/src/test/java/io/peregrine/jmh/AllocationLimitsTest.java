package io.peregrine.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.jmh.AllocationLimits.Outcome;
import java.io.IOException;
import java.io.StringReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AllocationLimitsTest {
    @ParameterizedTest
    @CsvSource({"1000, WITHIN", "1000.1, EXCEEDED", "NaN, EXCEEDED", "884, WITHIN", "883.9, LOOSE", "0, LOOSE"})
    void judgesAMeasurementByItsLimit(double measured, Outcome expected) throws IOException {
        AllocationLimits limits = AllocationLimits.read(new StringReader("case = 1000"));

        assertThat(limits.judge("case", measured).outcome()).isEqualTo(expected);
    }

    @Test
    void saysMeasuredAndLimit() throws IOException {
        AllocationLimits limits = AllocationLimits.read(new StringReader("case = 800"));

        assertThat(limits.judge("case", 808.14)).asString().contains("808.1", "800", "EXCEEDED");
    }

    @Test
    void saysToWhatALooseLimitCanBeLowered() throws IOException {
        AllocationLimits limits = AllocationLimits.read(new StringReader("case = 1000"));

        assertThat(limits.judge("case", 408.1)).asString().contains("lower the limit to 410");
    }

    @ParameterizedTest
    @ValueSource(strings = {"other = 1", "case = many", "case = 0", "case = NaN"})
    void refusesACaseWithoutALimit(String file) throws IOException {
        AllocationLimits limits = AllocationLimits.read(new StringReader(file));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> limits.judge("case", 1))
                .withMessageContaining("case")
                .withMessageContaining("expected: bytes per call");
    }
}
