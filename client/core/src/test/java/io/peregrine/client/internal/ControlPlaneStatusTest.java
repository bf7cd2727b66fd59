package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which statuses this side may choose (gRFC A54, SPEC PK-6). */
class ControlPlaneStatusTest {
    private final CallFixture fixture = new CallFixture();

    @ParameterizedTest
    @EnumSource(
            names = {
                "OK",
                "INVALID_ARGUMENT",
                "NOT_FOUND",
                "ALREADY_EXISTS",
                "FAILED_PRECONDITION",
                "ABORTED",
                "OUT_OF_RANGE",
                "DATA_LOSS"
            })
    void pk6WhatOnlyTheServerKnowsBecomesInternalWithTheOriginalText(StatusCode code) {
        Exception cause = new IllegalStateException("why");

        Status restricted = new Status(code, "no route", cause).asControlPlane();

        assertThat(restricted.code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(restricted.message()).endsWith(": " + code + ": no route");
        assertThat(restricted.cause()).isSameAs(cause);
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "CANCELLED",
                "UNKNOWN",
                "DEADLINE_EXCEEDED",
                "PERMISSION_DENIED",
                "RESOURCE_EXHAUSTED",
                "UNIMPLEMENTED",
                "INTERNAL",
                "UNAVAILABLE",
                "UNAUTHENTICATED"
            })
    void pk6OtherCodesStay(StatusCode code) {
        Status status = Status.of(code, "no route");

        assertThat(status.asControlPlane()).isSameAs(status);
    }

    @ParameterizedTest
    @EnumSource(names = {"OK", "NOT_FOUND", "UNAVAILABLE"})
    void pk6APickersStatusIsRestrictedWhetherItFailsOrDrops(StatusCode code) {
        StatusCode expected = code == StatusCode.UNAVAILABLE ? code : StatusCode.INTERNAL;
        Status status = Status.of(code, "no route");

        assertThat(endWith(info -> PickResult.fail(status)).code()).isEqualTo(expected);
        assertThat(endWith(info -> PickResult.drop(status)).message()).contains("no route");
        assertThat(endWith(info -> PickResult.drop(status)).code()).isEqualTo(expected);
    }

    private Status endWith(Picker picker) {
        fixture.pickers.publish(picker);
        return fixture.start(CallOptions.DEFAULT).status();
    }
}
