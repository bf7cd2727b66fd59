package io.peregrine.jmh.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class JsonLineTest {
    @Test
    void readsWhatItPrints() {
        JsonLine line = new JsonLine()
                .put("peer", "grpc-java")
                .put("cpuUs", 7.4, 3)
                .put("heap", -2, 0)
                .put("systemCallsByName", "futex 3.10, recvfrom 1.00");

        assertThat(line)
                .hasToString("{\"peer\":\"grpc-java\",\"cpuUs\":7.400,\"heap\":-2,"
                        + "\"systemCallsByName\":\"futex 3.10, recvfrom 1.00\"}");
        JsonLine read = JsonLine.parse(line.toString());
        assertThat(read.text("peer")).isEqualTo("grpc-java");
        assertThat(read.number("cpuUs")).hasValue(7.4);
        assertThat(read.number("heap")).hasValue(-2);
        assertThat(read).hasToString(line.toString());
    }

    @Test
    void hasNothingOfAnotherNameOrKind() {
        JsonLine line = JsonLine.parse("{\"peer\":\"floor\",\"p50Us\":1.5}");

        assertThat(line.number("p99Us")).isEmpty();
        assertThat(line.number("peer")).isEmpty();
        assertThat(line.text("p50Us")).isEmpty();
    }

    @Test
    void refusesWhatIsNoResult() {
        for (String text : new String[] {"", "warm 123", "{\"a\":{}}", "{\"a\":1 \"b\":2}", "{\"a\":1"}) {
            assertThatIllegalArgumentException()
                    .as(text)
                    .isThrownBy(() -> JsonLine.parse(text))
                    .withMessageContaining("expected: a JSON object");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new JsonLine().put("peer", "a\"b"));
    }
}
