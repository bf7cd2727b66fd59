package io.peregrine.protoc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProtoCommentTest {
    @Test
    void aBlankCommentIsNothing() {
        assertThat(ProtoComment.blocks("")).isEmpty();
        assertThat(ProtoComment.blocks(" \n\n \t\n")).isEmpty();
    }

    @Test
    void blankLinesPartParagraphs() {
        assertThat(ProtoComment.blocks(" One\n line.\n\n\n Two.\n"))
                .containsExactly(List.of("One", "line."), List.of("Two."));
    }

    @Test
    void itemsAreAListWithTheLinesThatBelongToThem() {
        assertThat(ProtoComment.blocks(" Of:\n  - one\n    more\n\n  - two\n\n Then."))
                .containsExactly(
                        List.of("Of:"), List.of("<ul>", "<li>one", "more", "<li>two", "</ul>"), List.of("Then."));
        assertThat(ProtoComment.blocks("1. one\n2) two"))
                .containsExactly(List.of("<ol>", "<li>one", "<li>two", "</ol>"));
    }

    @Test
    void whatIsIndentedByFourOrFencedStays() {
        assertThat(ProtoComment.blocks(" So:\n\n     a  <\n\n       b\n\n Else:\n ```proto\n - c\n\n   d\n ```\n End."))
                .containsExactly(
                        List.of("So:"),
                        List.of("<pre>", "a  &lt;", "", "  b", "</pre>"),
                        List.of("Else:"),
                        List.of("<pre>", "- c", "", "  d", "</pre>"),
                        List.of("End."));
    }

    @Test
    void aFenceThatNobodyClosesEndsWithTheComment() {
        assertThat(ProtoComment.blocks("```\na")).containsExactly(List.of("<pre>", "a", "</pre>"));
    }

    @Test
    void nothingEndsTheCommentOrIsATagOrAnEscape() {
        assertThat(ProtoComment.blocks("*/ {@link X} @author <b> & \\u002a/ **//"))
                .containsExactly(List.of("*&#47; {&#64;link X} &#64;author &lt;b&gt; &amp; &#92;u002a/ **&#47;/"));
    }

    @Test
    void whatDoesNotPrintIsShown() {
        assertThat(ProtoComment.blocks("a\u0000b\u202Ec\u200Bd\u001Ae\r\nf"))
                .containsExactly(List.of("a b&#8238;c&#8203;d e", "f"));
    }
}
