package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.allocation.LeastAllocation;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.balancer.policy.PickFirst;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The typed form: what it holds, what it refuses, and what a look-up costs. */
class ServiceConfigTest {
    private static final MethodDescriptor<byte[], byte[]> SAY =
            MethodDescriptor.unary("a.B/Say", Marshallers.bytes(), Marshallers.bytes());

    @Test
    void theEmptyConfigSaysNothing() {
        assertThat(ServiceConfig.EMPTY.methodConfig(SAY)).isSameAs(MethodConfig.EMPTY);
        assertThat(ServiceConfig.EMPTY.loadBalancing()).isEqualTo(PickFirst.policy());
        assertThat(ServiceConfig.EMPTY.retryThrottling()).isNull();
        assertThat(ServiceConfig.EMPTY.healthCheckService()).isNull();
        assertThat(ServiceConfig.EMPTY.maxConnectionsPerSubchannel()).isEqualTo(1);
        assertThat(MethodConfig.EMPTY.waitForReady()).isNull();
        assertThat(MethodConfig.EMPTY.timeoutNs()).isEqualTo(Long.MAX_VALUE);
        assertThat(MethodConfig.EMPTY.maxRequestMessageBytes()).isEqualTo(Integer.MAX_VALUE);
        assertThat(MethodConfig.EMPTY.maxResponseMessageBytes()).isEqualTo(Integer.MAX_VALUE);
        assertThat(MethodConfig.EMPTY.retryPolicy()).isNull();
        assertThat(MethodConfig.EMPTY.hedgingPolicy()).isNull();
    }

    @Test
    void sv3OneConfigHoldsAsAWholeAndNothingIsMerged() {
        ServiceConfig config = ServiceConfig.builder()
                .method("a.B/Say", m -> m.waitForReady(true))
                .service("a.B", m -> m.timeout(Duration.ofSeconds(1)))
                .build();

        assertThat(config.methodConfig(SAY).waitForReady()).isTrue();
        assertThat(config.methodConfig(SAY).timeoutNs()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void sv3ALookUpAllocatesNothing() {
        ServiceConfig config = ServiceConfig.builder()
                .method("a.B/Other", m -> m.waitForReady(true))
                .service("a.C", m -> m.waitForReady(true))
                .defaults(m -> m.timeout(Duration.ofSeconds(1)))
                .build();
        long[] timeouts = new long[1];

        long bytes = LeastAllocation.of(() -> timeouts[0] = lookUp(config, 5_000));

        assertThat(timeouts[0]).isEqualTo(5_000 * 1_000_000_000L);
        // The measurement itself may take a little; one byte per look-up would be five times this.
        assertThat(bytes).isLessThan(1_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Say", "/Say", "a.B/", "/a.B/Say"})
    void refusesANameThatIsNoMethods(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServiceConfig.builder().method(name, MethodConfig.EMPTY))
                .withMessage("method name: \"" + name + "\" (expected: package.Service/Method)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/a.B", "a.B/"})
    void refusesANameThatIsNoServices(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServiceConfig.builder().service(name, MethodConfig.EMPTY))
                .withMessage("service name: \"" + name + "\" (expected: package.Service)");
    }

    @Test
    void sv3RefusesANameThatIsGivenTwice() {
        ServiceConfig.Builder builder = ServiceConfig.builder()
                .method("a.B/Say", MethodConfig.EMPTY)
                .service("a.B", MethodConfig.EMPTY)
                .defaults(MethodConfig.EMPTY);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.method("a.B/Say", m -> m.waitForReady(true)))
                .withMessage("method name: \"a.B/Say\" given twice (expected: once)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.service("a.B", m -> m.waitForReady(true)))
                .withMessage("service name: \"a.B\" given twice (expected: once)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.defaults(m -> m.waitForReady(true)))
                .withMessage("defaults: given twice (expected: once)");
    }

    @Test
    void sv4RefusesWhatIsNegative() {
        MethodConfig.Builder builder = MethodConfig.builder();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.timeout(Duration.ofNanos(-1)))
                .withMessage("timeout: PT-0.000000001S (expected: zero or a positive duration)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxRequestMessageBytes(-1))
                .withMessage("max request message bytes: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxResponseMessageBytes(-1))
                .withMessage("max response message bytes: -1 (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServiceConfig.builder().maxConnectionsPerSubchannel(0))
                .withMessage("max connections per subchannel: 0 (expected: 1 or more)");
    }

    @Test
    void sv6RefusesRetryAndHedgingTogether() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServiceConfig.builder()
                        .service(
                                "a.B",
                                m -> m.retry(RetryPolicy.immediate()).hedging(HedgingPolicy.after(Duration.ZERO))))
                .withMessageEndingWith("(expected: retry or hedging, not both)");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "-1, 1",
        "1000.001, 1",
        "NaN, 1",
        "Infinity, 1",
        "1, 0",
        "1, -1",
        "1, NaN",
        "1, 0.0009",
        "0.0009, 1"
    })
    void sv7RefusesTokensOutOfTheirRange(double maxTokens, double tokenRatio) {
        assertThatIllegalArgumentException().isThrownBy(() -> RetryThrottling.of(maxTokens, tokenRatio));
    }

    @ParameterizedTest
    @CsvSource({
        "1000, 0.001, 1000000, 1",
        "0.001, 1000, 1, 1000000",
        "0.57, 0.29, 570, 290",
        "10.9999, 0.1239, 10999, 123",
        "1, Infinity, 1000, 1000000"
    })
    void sv7OnlyThreeDecimalsCount(double maxTokens, double tokenRatio, int maxMilli, int ratioMilli) {
        assertThat(RetryThrottling.of(maxTokens, tokenRatio)).isEqualTo(new RetryThrottling(maxMilli, ratioMilli));
    }

    @Test
    void sv12ASelectorReplacesTheLookUp() {
        MethodConfig chosen = MethodConfig.builder().waitForReady(true).build();
        ServiceConfig config = ServiceConfig.builder()
                .method("a.B/Say", m -> m.waitForReady(false))
                .build();

        assertThat(config.methodConfig(SAY, CallOptions.DEFAULT)).isSameAs(config.methodConfig(SAY));
        assertThat(config.withSelector((method, options) -> chosen).methodConfig(SAY, CallOptions.DEFAULT))
                .isSameAs(chosen);
    }

    /** gRFC A44; the codes are all that {@code retry_on} of xDS can name. */
    @Test
    void rt15TheRetryPolicyOfXdsCanBeSaidByASelector() {
        MethodConfig chosen = MethodConfig.builder()
                .retry(RetryPolicy.exponential(Duration.ofMillis(25), 2, Duration.ofMillis(250))
                        .maxAttempts(5)
                        .on(
                                StatusCode.CANCELLED,
                                StatusCode.DEADLINE_EXCEEDED,
                                StatusCode.INTERNAL,
                                StatusCode.RESOURCE_EXHAUSTED,
                                StatusCode.UNAVAILABLE))
                .build();
        String json =
                "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":5,\"initialBackoff\":\"0.025s\","
                        + "\"maxBackoff\":\"0.25s\",\"backoffMultiplier\":2,\"retryableStatusCodes\":[\"cancelled\","
                        + "\"deadline_exceeded\",\"internal\",\"resource_exhausted\",\"unavailable\"]}}]}";

        ServiceConfig selected = ServiceConfig.EMPTY.withSelector((method, options) -> chosen);

        assertThat(selected.methodConfig(SAY, CallOptions.DEFAULT).retryPolicy())
                .isEqualTo(ServiceConfig.parse(json).methodConfig(SAY).retryPolicy());
    }

    @ParameterizedTest
    @EnumSource(StatusCode.class)
    void sv12AndPk6ASelectorFailsACallWithACodeOfTheControlPlane(StatusCode code) {
        ServiceConfig config = ServiceConfig.EMPTY.withSelector((method, options) -> {
            throw new StatusException(Status.of(code, "no route"));
        });
        boolean serversOnly = switch (code) {
            case OK,
                    INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    DATA_LOSS -> true;
            default -> false;
        };

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> config.methodConfig(SAY, CallOptions.DEFAULT))
                .satisfies(failure -> {
                    assertThat(failure.code()).isEqualTo(serversOnly ? StatusCode.INTERNAL : code);
                    assertThat(failure.status().message()).endsWith("no route");
                });
    }

    @Test
    void sv12ASelectorThatThrowsFailsTheCallOnly() {
        IllegalStateException fault = new IllegalStateException("table");
        ServiceConfig config = ServiceConfig.EMPTY.withSelector((method, options) -> {
            throw fault;
        });

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> config.methodConfig(SAY, CallOptions.DEFAULT))
                .satisfies(failure -> assertThat(failure.status())
                        .isEqualTo(new Status(
                                StatusCode.INTERNAL,
                                "the config selector threw java.lang.IllegalStateException: table",
                                fault)));
    }

    @Test
    void differentConfigsAreNotEqual() {
        assertThat(ServiceConfig.builder().healthCheck("").build()).isNotEqualTo(ServiceConfig.EMPTY);
        assertThat(ServiceConfig.builder().retryThrottling(1, 1).build()).isNotEqualTo(ServiceConfig.EMPTY);
        assertThat(ServiceConfig.builder().loadBalancing(PickFirst.shuffled()).build())
                .isNotEqualTo(ServiceConfig.EMPTY);
        assertThat(ServiceConfig.EMPTY.withSelector((method, options) -> MethodConfig.EMPTY))
                .isNotEqualTo(ServiceConfig.EMPTY);
        assertThat(RetryPolicy.immediate()).isNotEqualTo(RetryPolicy.immediate().maxAttempts(4));
        assertThat(HedgingPolicy.after(Duration.ZERO))
                .isNotEqualTo(HedgingPolicy.after(Duration.ZERO).budget(0.1));
    }

    private static long lookUp(ServiceConfig config, int times) {
        long timeouts = 0;
        for (int count = 0; count < times; count++) {
            timeouts += config.methodConfig(SAY, CallOptions.DEFAULT).timeoutNs();
        }
        return timeouts;
    }

    @Test
    @SuppressWarnings("NullAway") // the null is what is tested
    void sv12ASelectorThatGivesNullOrAnErrorFailsItsCallOnly() {
        ServiceConfig none = ServiceConfig.EMPTY.withSelector((method, options) -> null);
        ServiceConfig broken = ServiceConfig.EMPTY.withSelector((method, options) -> {
            throw new StackOverflowError();
        });

        for (ServiceConfig config : List.of(none, broken)) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> config.methodConfig(SAY, CallOptions.DEFAULT))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.INTERNAL));
        }
    }
}
