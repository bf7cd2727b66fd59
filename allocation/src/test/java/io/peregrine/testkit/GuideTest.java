package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class GuideTest {
    private static final String TEXT = """
            Words.

            ```java
            int a = 1;
                int b = 2;
            ```

            ```json
            {"a": 1}
            ```

            ```java
            int c = 3;
            ```
            """;

    @Test
    void theSnippetsOfALanguageAreInTheOrderOfTheGuide() {
        Guide guide = new Guide(TEXT);

        assertThat(guide.snippets("java")).containsExactly("int a = 1;\n    int b = 2;\n", "int c = 3;\n");
        assertThat(guide.snippets("json")).containsExactly("{\"a\": 1}\n");
        assertThat(guide.snippets("c++")).isEmpty();
    }

    @Test
    void aSectionEndsWhereTheNextOneBegins() {
        Guide guide = new Guide("# Title\n\n## One\n\na\n### More\nb\n## Two\nc\n");

        assertThat(guide.section("One")).isEqualTo("\na\n### More\nb\n");
        assertThat(guide.section("Two")).isEqualTo("c\n");
        assertThat(guide.section("Three")).isEmpty();
    }

    @Test
    void indentationDoesNotCount() {
        assertThat(Guide.lines("int a = 1;\n    int b = 2;\n")).containsExactly("int a = 1;", "int b = 2;");
        assertThat(Guide.sourceOf(GuideTest.class)).contains("class GuideTest {", "void indentationDoesNotCount() {");
    }

    @Test
    void aGuideThatIsMissingIsNamed() {
        assertThat(Guide.named("tls.md").snippets("java")).isNotEmpty();
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> Guide.named("absent.md"))
                .withMessageContaining("absent.md");
    }
}
