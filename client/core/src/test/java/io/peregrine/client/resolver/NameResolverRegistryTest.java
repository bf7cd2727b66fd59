package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

/** TG-1, TG-3, TG-4: which schemes there are, and whose come first. */
class NameResolverRegistryTest {
    @Test
    void tg4TheLibraryBringsTheseSchemes() {
        assertThat(NameResolverRegistry.standard().schemes())
                .contains("dns", "ipv4", "ipv6", "passthrough", "static", "unix", "unix-abstract");
    }

    @Test
    void tg1TheSchemesOfAConnectionComeFirstAndAreItsOwn() {
        ManualResolver mine = new ManualResolver("dns");

        NameResolverRegistry own = NameResolverRegistry.standard().with(mine);

        assertThat(own.find("dns")).isSameAs(mine);
        assertThat(NameResolverRegistry.standard().find("dns")).isNotSameAs(mine);
        assertThat(own.find("no-such-scheme")).isNull();
    }

    @Test
    void tg1ASchemeThatIsInstalledIsFoundByServiceLoader() {
        assertThat(NameResolverRegistry.standard().isOwn("installed")).isFalse();
        assertThat(NameResolverRegistry.standard().find("installed")).isInstanceOf(InstalledResolverProvider.class);
        assertThat(Target.parse("installed:anything", "dns", NameResolverRegistry.standard()))
                .isEqualTo(new Target("installed", "", "anything"));
    }

    @Test
    void tg3WhatLooksLikeHostAndPortIsNoInstalledScheme() {
        assertThat(Target.parse("installed:8080", "dns", NameResolverRegistry.standard()))
                .isEqualTo(new Target("dns", "", "installed:8080"));
        assertThat(Target.parse("fd00::1", "dns", NameResolverRegistry.standard()))
                .isEqualTo(new Target("dns", "", "fd00::1"));
    }

    @Test
    void aProviderThatCannotBeMadeLeavesTheOthers() {
        NameResolverProvider first = new ManualResolver("a");
        Iterable<NameResolverProvider> installed = () -> new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < 4;
            }

            @Override
            public NameResolverProvider next() {
                return switch (next++) {
                    case 0 -> first;
                    case 1 -> throw new ServiceConfigurationError("it has no public constructor");
                    case 2 -> new ManualResolver("a");
                    default -> new ManualResolver("b");
                };
            }
        };

        Map<String, NameResolverProvider> found = NameResolverRegistry.load(installed);

        assertThat(found).containsOnlyKeys(List.of("a", "b")).containsEntry("a", first);
    }
}
