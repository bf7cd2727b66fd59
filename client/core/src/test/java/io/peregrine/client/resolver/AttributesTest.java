package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What tells connections apart, and what only balancers care for. */
class AttributesTest {
    private static final Attributes.Key<String> OTHER = Attributes.Key.of("other", String.class);

    @Test
    void sc8OnlyWhatConnectionsDependOnIsOfTheConnection() {
        Attributes all = Attributes.EMPTY
                .with(Endpoint.SERVER_NAME, "one.test")
                .with(Endpoint.WEIGHT, 7)
                .with(OTHER, "x");

        assertThat(all.ofConnection()).isEqualTo(Attributes.EMPTY.with(Endpoint.SERVER_NAME, "one.test"));
        assertThat(all.with(Endpoint.WEIGHT, 8).ofConnection()).isEqualTo(all.ofConnection());
        assertThat(all.with(Endpoint.SERVER_NAME, "two.test").ofConnection()).isNotEqualTo(all.ofConnection());
        assertThat(Attributes.EMPTY.with(OTHER, "x").ofConnection()).isSameAs(Attributes.EMPTY);
    }
}
