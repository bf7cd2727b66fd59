package io.peregrine.jmh.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Set;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
    private static final Set<String> OPTIONS = Set.of("--tls", "--settle");

    @Test
    void tellsValuesFromOptions() {
        Arguments arguments = parse("peregrine", "--tls", "ca.pem", "100", "--settle", "7");

        assertThat(arguments.value(0)).isEqualTo("peregrine");
        assertThat(arguments.number(1)).isEqualTo(100);
        assertThat(arguments.option("--tls")).isEqualTo("ca.pem");
        assertThat(arguments.option("--settle", 3)).isEqualTo(7);
    }

    @Test
    void takesWhatIsNotGivenFromTheCaller() {
        Arguments arguments = parse("peregrine", "100");

        assertThat(arguments.option("--tls")).isNull();
        assertThat(arguments.option("--settle", 3)).isEqualTo(3);
        assertThat(arguments.value(2, "bytes")).isEqualTo("bytes");
    }

    @Test
    void refusesWhatItDoesNotKnowAndSaysWhatItExpects() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("peregrine", "100", "--pin", "0"))
                .withMessage("arguments: --pin (expected: PEER COUNT)");
        assertThatIllegalArgumentException().isThrownBy(() -> parse("peregrine", "100", "--tls"));
        assertThatIllegalArgumentException().isThrownBy(() -> parse("peregrine"));
        assertThatIllegalArgumentException().isThrownBy(() -> parse("a", "b", "c", "d"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("peregrine", "-1").number(1));
    }

    private static Arguments parse(String... args) {
        return Arguments.parse("PEER COUNT", 2, 3, OPTIONS, args);
    }
}
