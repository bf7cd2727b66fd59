package io.peregrine.client.internal.message;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.transport.header.HeaderFields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AttemptFieldsTest {
    private static final Metadata.Key<String> A = Metadata.Key.of("a");
    private static final Metadata ONE = Metadata.builder().put(A, "1").build();
    private static final Metadata TWO =
            Metadata.builder().put(A, "2").put(Metadata.Key.of("b"), "3").build();

    @Test
    void whatNeedsNoJoiningCostsNothing() {
        assertThat(AttemptFields.of(Metadata.EMPTY, Metadata.EMPTY, 0)).isNull();
        assertThat(AttemptFields.of(ONE, 0)).isSameAs(ONE);
        assertThat(AttemptFields.of(ONE, Metadata.EMPTY, 0)).isSameAs(ONE);
        assertThat(AttemptFields.of(Metadata.EMPTY, ONE, 0)).isSameAs(ONE);
    }

    @Test
    void md8FieldsOfCredentialsComeBehindTheApplicationsAndMayRepeatThem() {
        assertThat(lines(AttemptFields.of(ONE, TWO, 0))).containsExactly("a: 1", "a: 2", "b: 3");
    }

    @Test
    void rt6LaterAttemptsSayHowManyCameBefore() {
        assertThat(lines(AttemptFields.of(Metadata.EMPTY, Metadata.EMPTY, 1)))
                .containsExactly("grpc-previous-rpc-attempts: 1");
        assertThat(lines(AttemptFields.of(ONE, TWO, 12)))
                .containsExactly("grpc-previous-rpc-attempts: 12", "a: 1", "a: 2", "b: 3");
    }

    private static List<String> lines(@Nullable HeaderFields fields) {
        if (fields == null) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            lines.add(fields.wireName(i) + ": " + fields.wireValue(i));
        }
        return lines;
    }
}
