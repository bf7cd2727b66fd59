package io.peregrine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SeedsTest {
    private final String given = System.getProperty(Seeds.PROPERTY, "");

    @AfterEach
    void restoreTheProperty() {
        System.setProperty(Seeds.PROPERTY, given);
    }

    @Test
    void usesTheSeedGivenOnTheCommandLine() {
        System.setProperty(Seeds.PROPERTY, "-17");

        assertThat(Seeds.next("the seed is given")).isEqualTo(-17);
        assertThat(Seeds.random("the seed is given").nextLong())
                .isEqualTo(Seeds.random("the seed is given").nextLong());
    }

    @Test
    void usesAnotherSeedInEachRunUnlessOneIsGiven() {
        System.clearProperty(Seeds.PROPERTY);

        assertThat(Seeds.next("seeds differ")).isNotEqualTo(Seeds.next("seeds differ"));
    }

    @Test
    void refusesASeedThatIsNoNumber() {
        System.setProperty(Seeds.PROPERTY, "lucky");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Seeds.next("the seed is bad"))
                .withMessage("seed: lucky (expected: a decimal long)");
    }
}
