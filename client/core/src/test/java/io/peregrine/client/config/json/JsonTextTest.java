package io.peregrine.client.config.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is JSON and what is not, and what a text may cost. */
class JsonTextTest {
    @Test
    void readsEveryKindOfValue() {
        ConfigObject object = JsonText.parse(
                        " {\"a\": \"\\u00e4\", \"b\": -1.5e2, \"c\": true, \"d\": null, \"e\": [1, {}], \"f\": {}} ")
                .asObject();

        assertThat(object.field("a").asString()).isEqualTo("\u00e4");
        assertThat(object.field("b").asDouble(-1000, true, 0)).isEqualTo(-150);
        assertThat(object.field("c").asBoolean()).isTrue();
        assertThat(object.field("d").isPresent()).isFalse();
        assertThat(object.field("e").asList()).hasSize(2);
        assertThat(object.field("e").asList().get(1).path()).isEqualTo("$.e[1]");
        assertThat(object.field("f").asObject().names()).isEmpty();
        assertThat(object.field("g").isPresent()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "{",
                "[",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":}",
                "{\"a\":1,}",
                "[1,]",
                "{a: 1}",
                "{'a': 1}",
                "{\"a\": 'b'}",
                "{\"a\" 1}",
                "{\"a\": tru}",
                "{\"a\": TRUE}",
                "{\"a\": NaN}",
                "{\"a\": Infinity}",
                "{\"a\": 01}",
                "{\"a\": +1}",
                "{\"a\": .5}",
                "{\"a\": 1.}",
                "{\"a\": 0x10}",
                "{\"a\": \"b}",
                "{\"a\": \"\\x\"}",
                "{\"a\": \"\\u12\"}",
                "{\"a\": \"line\nfeed\"}",
                "{\"a\": 1} // why",
                "/* why */ {}",
                "# why\n{}",
                "{} {}",
                "{}]",
                "{},",
                "{}x",
                "]",
                "}",
                ")]}'\n{}"
            })
    void refusesWhatIsNotJson(String text) {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> JsonText.parse(text))
                .withMessageStartingWith("$")
                .withMessageContaining("(expected: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\": 1, \"a\": 1}|$.a: given twice (expected: once)",
                "{\"a\": [{\"b\": 1, \"c\": 2, \"b\": 3}]}|$.a[0].b: given twice (expected: once)",
                "{\"a\": [1}|$.a[1]: malformed JSON (expected: RFC 8259)",
                "{\"a\": 1e99999}|$.a: 1e99999 (expected: a number of at most 100 digits and a sane exponent)",
                "{} 1|$: malformed JSON (expected: RFC 8259)"
            })
    void saysWhatIsWrongInOneSentence(String text, String message) {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> JsonText.parse(text))
                .withMessage(message);
    }

    @Test
    void refusesANumberThatWouldTakeLongToRead() {
        String digits = "9".repeat(1_000_000);

        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> JsonText.parse("{\"a\": " + digits + '}'))
                .satisfies(wrong -> assertThat(wrong.getMessage()).hasSizeLessThan(300));
        assertThat(JsonText.parse("9".repeat(100)).asInt(0)).isEqualTo(Integer.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":", "[{\"a\":"})
    void refusesDeepNestingBeforeTheStackOverflows(String opening) {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> JsonText.parse(opening.repeat(1_000_000)))
                .withMessageContaining("(expected: at most 64)");
    }

    @Test
    void acceptsNestingUpToTheBound() {
        String nested = "[".repeat(JsonText.MAX_DEPTH + 1) + "]".repeat(JsonText.MAX_DEPTH + 1);

        assertThat(JsonText.parse(nested).asList()).hasSize(1);
        assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> JsonText.parse('[' + nested + ']'));
    }

    @Test
    void aForeignNameNeverBreaksTheLineOfAMessage() {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> JsonText.parse("{\"a\\nb\\u202ec\": 1, \"a\\nb\\u202ec\": 1}"))
                .withMessage("$.a?b?c: given twice (expected: once)");
    }
}
