package io.peregrine.client.internal.message;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.transport.header.HeaderBlocks;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.StreamFailure;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatusMappingTest {
    @ParameterizedTest
    @CsvSource({
        "0x0, INTERNAL", // NO_ERROR, D10
        "0x1, INTERNAL",
        "0x2, INTERNAL",
        "0x3, INTERNAL", // FLOW_CONTROL_ERROR, D9
        "0x4, INTERNAL",
        "0x5, INTERNAL",
        "0x6, INTERNAL",
        "0x7, UNAVAILABLE", // REFUSED_STREAM
        "0x8, CANCELLED",
        "0x9, INTERNAL",
        "0xa, INTERNAL",
        "0xb, RESOURCE_EXHAUSTED", // ENHANCE_YOUR_CALM
        "0xc, PERMISSION_DENIED", // INADEQUATE_SECURITY
        "0xd, UNKNOWN", // HTTP_1_1_REQUIRED, D11
        "0xe, UNKNOWN", // unknown, D11
        "0xffffffff, UNKNOWN"
    })
    void st9EveryResetCodeHasItsStatus(String code, StatusCode expected) {
        StreamFailure reset = new StreamFailure(StreamFailure.Kind.RESET, Long.decode(code), "reset", null);

        Status status = StatusMapping.ofFailure(reset, false);

        assertThat(status.code()).isEqualTo(expected);
        assertThat(status.message()).isEqualTo("reset");
    }

    @ParameterizedTest
    @EnumSource(StreamFailure.Kind.class)
    void st12EveryFailureHasAStatusThatTheLibraryMayMake(StreamFailure.Kind kind) {
        IllegalStateException cause = new IllegalStateException();

        Status status = StatusMapping.ofFailure(new StreamFailure(kind, 2, "why", cause), false);

        assertThat(status.code())
                .isIn(
                        StatusCode.CANCELLED,
                        StatusCode.DEADLINE_EXCEEDED,
                        StatusCode.UNAVAILABLE,
                        StatusCode.INTERNAL,
                        StatusCode.RESOURCE_EXHAUSTED);
        assertThat(status.cause()).isSameAs(cause);
    }

    @ParameterizedTest
    @CsvSource({
        "400, INTERNAL",
        "401, UNAUTHENTICATED",
        "403, PERMISSION_DENIED",
        "404, UNIMPLEMENTED",
        "429, UNAVAILABLE",
        "431, INTERNAL", // D24
        "502, UNAVAILABLE",
        "503, UNAVAILABLE",
        "504, UNAVAILABLE",
        "100, INTERNAL",
        "199, INTERNAL",
        "200, UNKNOWN",
        "204, UNKNOWN",
        "302, UNKNOWN",
        "418, UNKNOWN",
        "500, UNKNOWN",
        "999, UNKNOWN",
        "abc, INTERNAL",
    })
    void st6EveryHttpStatusHasItsCode(String http, StatusCode expected) {
        Status status = StatusMapping.ofHttp(block(":status", http, "content-type", "text/plain"));

        assertThat(status.code()).isEqualTo(expected);
        assertThat(status.message()).contains(http).contains("text/plain");
    }

    @Test
    void st6NoHttpStatusIsInternal() {
        assertThat(StatusMapping.ofHttp(block()).code()).isEqualTo(StatusCode.INTERNAL);
    }

    @ParameterizedTest
    @CsvSource({
        "application/grpc, true",
        "application/grpc+proto, true",
        "application/grpc;charset=utf-8, true",
        "application/grpc-web, false",
        "application/grpcx, false",
        "application/json, false",
        "application/grp, false"
    })
    void st5TheContentTypeDecidesWhetherAResponseIsGrpc(String contentType, boolean expected) {
        assertThat(StatusMapping.isGrpc(block(":status", "200", "content-type", contentType)))
                .isEqualTo(expected);
    }

    @Test
    void st5WithoutAContentTypeAResponseIsNotGrpc() {
        assertThat(StatusMapping.isGrpc(block(":status", "200"))).isFalse();
    }

    @ParameterizedTest
    @EnumSource(StatusCode.class)
    void st1EveryNumberOnTheWireIsItsCode(StatusCode code) {
        assertThat(StatusMapping.ofTrailers(block("grpc-status", Integer.toString(code.value())))
                        .code())
                .isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+0", " 0", "0x0", "ok", "1.0", "99999999999999999999", "۰"})
    void st3WhatIsNoNumberIsUnknownAndNeverOk(String value) {
        Status status = StatusMapping.ofTrailers(block("grpc-status", value, "grpc-message", "why"));

        assertThat(status.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(status.message()).endsWith("why");
    }

    @ParameterizedTest
    @ValueSource(ints = {17, 99, 999_999_999})
    void st3AnUnknownNumberIsUnknownAndKeepsItsNumber(int value) {
        Status status = StatusMapping.ofTrailers(block("grpc-status", Integer.toString(value), "grpc-message", "why"));

        assertThat(status.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(status.message()).contains(Integer.toString(value)).endsWith("why");
    }

    @Test
    void p3TwoStatusesThatContradictEachOtherAreUnknown() {
        Status status = StatusMapping.ofTrailers(block("grpc-status", "0", "x", "y", "grpc-status", "13"));

        assertThat(status.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(status.message()).contains("\"0\"", "\"13\"");
        assertThat(StatusMapping.ofTrailers(block("grpc-status", "13", "grpc-status", "0"))
                        .code())
                .isEqualTo(StatusCode.UNKNOWN);
        assertThat(StatusMapping.ofTrailers(block("grpc-status", "0", "grpc-status", "0"))
                        .isOk())
                .isTrue();
    }

    @Test
    void st3ZeroWithLeadingZerosIsOk() {
        assertThat(StatusMapping.ofTrailers(block("grpc-status", "00")).isOk()).isTrue();
    }

    /** {@code google.rpc.Status} with code 5, with a message and a detail behind it, and with code 0. */
    @ParameterizedTest
    @CsvSource({"5, CAU", "5, CAU=", "5, CAUSA3doeQ", "5, GgMKAWEIBQ", "0, ''", "0, CAA", "99, CGM"})
    void st4DetailsOfTheSameCodeChangeNothing(String code, String details) {
        ResponseHeaders trailers =
                block("grpc-status", code, "grpc-message", "why", "grpc-status-details-bin", details);

        assertThat(StatusMapping.ofTrailers(trailers))
                .isEqualTo(StatusMapping.ofTrailers(block("grpc-status", code, "grpc-message", "why")));
    }

    @ParameterizedTest
    @CsvSource({"5, CAk, 9", "0, CAU, 5", "5, '', 0", "5, CP///////////wE, -1", "99, CAU, 5"})
    void st4DetailsOfAnotherCodeAreInternalAndNeverOk(String code, String details, int other) {
        Status status = StatusMapping.ofTrailers(
                block("grpc-status", code, "grpc-message", "why", "grpc-status-details-bin", details));

        assertThat(status.code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(status.message())
                .isEqualTo("grpc-status is " + code + ", but grpc-status-details-bin says " + other + ": why");
    }

    /** No base64, a cut varint, a cut string, an end of a group, a tag of 0, and two values in one field. */
    @ParameterizedTest
    @ValueSource(strings = {"!", "CA", "CAkSBQ", "DA", "AA", "CAk,CAk"})
    void st4DetailsThatAreNoStatusAreIgnored(String details) {
        assertThat(StatusMapping.ofTrailers(block("grpc-status", "5", "grpc-status-details-bin", details))
                        .code())
                .isEqualTo(StatusCode.NOT_FOUND);
        assertThat(StatusMapping.ofTrailers(block("grpc-status", "0", "grpc-status-details-bin", details)))
                .isEqualTo(Status.OK);
    }

    @Test
    void st4DetailsThatComeTwiceAreIgnored() {
        ResponseHeaders trailers =
                block("grpc-status", "5", "grpc-status-details-bin", "CAk", "grpc-status-details-bin", "CAk");

        assertThat(StatusMapping.ofTrailers(trailers).code()).isEqualTo(StatusCode.NOT_FOUND);
    }

    @Test
    void st3TrailersWithoutAStatusAreUnknown() {
        assertThat(StatusMapping.ofTrailers(block("x", "y")).code()).isEqualTo(StatusCode.UNKNOWN);
    }

    @Test
    void d25NoTrailersAtAllAreInternal() {
        assertThat(StatusMapping.ofTrailers(block()).code()).isEqualTo(StatusCode.INTERNAL);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "plain|plain",
                "a%20b|a b",
                "%e2%98%ba|☺",
                "%E2%98%BA|☺",
                "100%|100%",
                "%4|%4",
                "%zz|%zz",
                "%2|%2",
                "%%41|%A",
                "%25|%",
            })
    void st2DecodesPercentEncodingAndLeavesWhatIsMalformed(String wire, String expected) {
        assertThat(StatusMapping.percentDecode(new AsciiString(wire))).isEqualTo(expected);
    }

    @Test
    void st2NeverFailsOnBytesThatAreNoUtf8() {
        byte[] latin1 = "caf\u00e9 100%".getBytes(StandardCharsets.ISO_8859_1);

        Status status = StatusMapping.ofTrailers(HeaderBlocks.withRawValue("grpc-message", latin1));

        assertThat(status.code()).isEqualTo(StatusCode.UNKNOWN);
        assertThat(status.message()).startsWith("caf").endsWith(" 100%");
    }
}
