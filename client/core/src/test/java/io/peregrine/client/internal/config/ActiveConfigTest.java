package io.peregrine.client.internal.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.ConfigSelector;
import io.peregrine.client.config.MethodConfig;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Resolution;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SV-10, SV-11 and SV-13, line by line. */
class ActiveConfigTest {
    private static final ServiceConfig DEFAULT =
            ServiceConfig.builder().healthCheck("default").build();
    private static final ServiceConfig RESOLVED =
            ServiceConfig.builder().healthCheck("resolved").build();
    private static final ServiceConfigSource GOOD =
            ServiceConfigSource.json("{\"healthCheckConfig\": {\"serviceName\": \"resolved\"}}");
    private static final ServiceConfigSource BAD = ServiceConfigSource.json("{\"healthCheckConfig\": 1}");
    private static final String SENTENCE =
            "the service config from the resolver is wrong:" + " $.healthCheckConfig: 1 (expected: an object)";

    @Test
    void sv10BeforeTheFirstAnswerItIsTheDefault() {
        assertThat(config(DEFAULT).current()).isSameAs(DEFAULT);
        assertThat(config(null).current()).isSameAs(ServiceConfig.EMPTY);
        assertThat(config(DEFAULT).isApplied()).isFalse();
    }

    @Test
    void sv10WithLookUpOffTheDefaultHoldsWhateverTheResolverBrings() {
        for (ServiceConfigSource brought : List.of(GOOD, BAD)) {
            ActiveConfig config = new ActiveConfig(DEFAULT, false, LoadBalancerRegistry.standard());

            assertThat(config.onAnswer(answer(brought))).isNull();

            assertThat(config.isApplied()).isTrue();
            assertThat(config.current()).isSameAs(DEFAULT);
        }
    }

    @Test
    void sv10WithoutOneFromTheResolverTheDefaultHolds() {
        ActiveConfig config = config(DEFAULT);

        assertThat(config.onAnswer(answer(null))).isNull();

        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isSameAs(DEFAULT);
    }

    @Test
    void sv10WithoutAnyTheEmptyOneHolds() {
        ActiveConfig config = config(null);

        assertThat(config.onAnswer(answer(null))).isNull();

        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isEqualTo(ServiceConfig.EMPTY);
    }

    @Test
    void sv10AGoodOneHoldsInEachOfItsForms() {
        for (ServiceConfigSource good : List.of(
                GOOD,
                ServiceConfigSource.map(Map.of("healthCheckConfig", Map.of("serviceName", "resolved"))),
                ServiceConfigSource.of(RESOLVED))) {
            ActiveConfig config = config(DEFAULT);

            assertThat(config.onAnswer(answer(good))).isNull();

            assertThat(config.current()).isEqualTo(RESOLVED);
        }
    }

    @Test
    void sv10WhenTheResolverNoLongerBringsOneTheDefaultHoldsAgain() {
        ActiveConfig config = config(DEFAULT);
        config.onAnswer(answer(GOOD));

        assertThat(config.onAnswer(answer(null))).isNull();

        assertThat(config.current()).isEqualTo(DEFAULT);
    }

    @Test
    void sv10AWrongOneLeavesTheOneBefore() {
        ActiveConfig config = config(DEFAULT);
        config.onAnswer(answer(GOOD));

        Status wrong = Objects.requireNonNull(config.onAnswer(answer(BAD)));

        assertThat(wrong.message()).isEqualTo(SENTENCE);
        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isEqualTo(RESOLVED);
    }

    @Test
    void sv10AWrongOneAtFirstMeansTheDefault() {
        ActiveConfig config = config(DEFAULT);

        Status wrong = Objects.requireNonNull(config.onAnswer(answer(BAD)));

        assertThat(wrong.message()).isEqualTo(SENTENCE);
        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isEqualTo(DEFAULT);
    }

    @Test
    void sv10AWrongOneAtFirstWithoutADefaultMeansNone() {
        ActiveConfig config = config(null);

        Status wrong = Objects.requireNonNull(config.onAnswer(answer(BAD)));

        assertThat(wrong.code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(wrong.message()).isEqualTo(SENTENCE);
        assertThat(wrong.cause()).isInstanceOf(ServiceConfigException.class);
        assertThat(config.isApplied()).isFalse();
    }

    @Test
    void sv10WhatTheResolverCouldNotReadIsWrongToo() {
        IllegalStateException fault = new IllegalStateException("parser");

        assertThat(config(null).onAnswer(answer(ServiceConfigSource.wrong("TXT record: \"x\" (expected: JSON)"))))
                .extracting(Status::message)
                .isEqualTo("the service config from the resolver is wrong: TXT record: \"x\" (expected: JSON)");
        assertThat(config(null).onAnswer(answer(policies -> {
                    throw fault;
                })))
                .isEqualTo(new Status(
                        StatusCode.UNAVAILABLE,
                        "the service config from the resolver is wrong: java.lang.IllegalStateException: parser",
                        fault));
    }

    @Test
    void sv11AnErrorOfTheResolverAppliesTheDefaultOnlyIfThereIsNone() {
        ActiveConfig config = config(DEFAULT);
        config.onError();
        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isSameAs(DEFAULT);

        config.onAnswer(answer(GOOD));
        config.onError();
        assertThat(config.current()).isEqualTo(RESOLVED);
    }

    @Test
    void sv11AfterAnErrorAWrongConfigHasOneBeforeIt() {
        ActiveConfig config = config(null);
        config.onError();

        assertThat(config.onAnswer(answer(BAD))).isNotNull();

        assertThat(config.isApplied()).isTrue();
        assertThat(config.current()).isEqualTo(ServiceConfig.EMPTY);
    }

    @Test
    void sv12TheSelectorComesAndGoesWithTheAnswer() {
        ConfigSelector selector = (method, options) -> MethodConfig.EMPTY;
        ActiveConfig config = config(DEFAULT);

        config.onAnswer(answer(GOOD).withConfigSelector(selector));
        assertThat(config.current()).isEqualTo(RESOLVED.withSelector(selector));
        config.onAnswer(answer(BAD));
        assertThat(config.current()).isEqualTo(RESOLVED.withSelector(selector));
        config.onAnswer(answer(GOOD));
        assertThat(config.current()).isEqualTo(RESOLVED);
    }

    @Test
    void sv13AnEqualConfigReplacesNothing() {
        ActiveConfig config = config(null);
        config.onAnswer(answer(GOOD));
        ServiceConfig before = config.current();

        config.onAnswer(answer(GOOD));

        assertThat(config.current()).isSameAs(before);
    }

    private static ActiveConfig config(@Nullable ServiceConfig given) {
        return new ActiveConfig(given, true, LoadBalancerRegistry.standard());
    }

    private static Resolution answer(@Nullable ServiceConfigSource source) {
        return new Resolution(List.of(), source, null);
    }
}
