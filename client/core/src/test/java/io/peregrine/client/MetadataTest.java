package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.util.AsciiString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** MD-1 to MD-5, D12, P17; the order of request headers and credentials are tested where they are made. */
class MetadataTest {
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text");
    private static final Metadata.Key<byte[]> BINARY = Metadata.Key.binary("x-trace-bin");

    @Test
    void md1NamesAreLowered() {
        assertThat(Metadata.Key.of("X-Request.Id_7").name()).isEqualTo("x-request.id_7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":path", "a b", "a:b", "é", "a\n", "a/b"})
    void md1RefusesIllegalNames(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metadata.Key.of(name))
                .withMessage("metadata name: \"" + name + "\" (expected: one or more of a-z 0-9 - _ .)");
    }

    @Test
    void md1TextAndBytesAreToldApartByTheName() {
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.of("x-bin"));
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.binary("x"));
        assertThatIllegalArgumentException().isThrownBy(() -> Metadata.Key.binary("-bin"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "content-type",
                "user-agent",
                "te",
                "host",
                "connection",
                "keep-alive",
                "proxy-connection",
                "transfer-encoding",
                "upgrade",
                "grpc-status",
                "grpc-timeout",
                "grpc-anything"
            })
    void md5RefusesToSendNamesThatBelongToTheLibrary(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metadata.builder().put(Metadata.Key.of(name), "v"))
                .withMessageContaining("\"" + name + "\"")
                .withMessageContaining("reserved");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nb", "a\0", "é", "\t", "\u007f"})
    void md2RefusesTextOutsidePrintableAsciiWithoutShowingIt(String value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Metadata.builder().put(TEXT, value))
                .withMessageContaining("x-text")
                .withMessageContaining("0x20..0x7E");
    }

    @Test
    void md2SurroundingSpaceHasNoMeaning() {
        Metadata metadata = Metadata.builder().put(TEXT, "  a b ").build();

        assertThat(metadata.get(TEXT)).isEqualTo("a b");
    }

    @Test
    void md3SendsBase64WithoutPadding() {
        Metadata metadata = Metadata.builder().put(BINARY, new byte[] {1}).build();

        assertThat(metadata.wireValue(0).toString()).isEqualTo("AQ");
        assertThat(metadata.get(BINARY)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AQI", "AQI=", " AQI "})
    void md3AcceptsBase64WithAndWithoutPadding(String wire) {
        assertThat(received("x-trace-bin", wire).get(BINARY)).containsExactly(1, 2);
    }

    @Test
    void d12SplitsCommaJoinedBinaryValues() {
        assertThat(received("x-trace-bin", "AQ==,Ag, Aw").all(BINARY))
                .containsExactly(new byte[] {1}, new byte[] {2}, new byte[] {3});
    }

    @Test
    void d12LeavesCommasInTextAlone() {
        assertThat(received("x-text", "a,b").all(TEXT)).containsExactly("a,b");
    }

    @Test
    void md3AnEmptyBinaryValueIsNoBytes() {
        assertThat(received("x-trace-bin", "").get(BINARY)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"!", "A", "AQ=A", "a-_b", "AQ,!,Ag"})
    void md3SaysThatAValueIsNotBase64AndLeavesItOut(String wire) {
        Metadata.Builder builder = Metadata.builder();

        assertThat(builder.tryReceive(new AsciiString("x-trace-bin"), new AsciiString(wire)))
                .isFalse();

        assertThat(builder.build().all(BINARY)).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void md4KeepsTheOrderOfEqualNamesAndTheLastOneWins() {
        Metadata metadata = Metadata.builder()
                .put(TEXT, "one")
                .put(Metadata.Key.of("other"), "x")
                .put(TEXT, "two")
                .build();

        assertThat(metadata.all(TEXT)).containsExactly("one", "two");
        assertThat(metadata.get(TEXT)).isEqualTo("two");
        assertThat(metadata.size()).isEqualTo(3);
        assertThat(metadata.name(1)).isEqualTo("other");
    }

    @Test
    void md4MergingAppendsAndKeepsTheOrder() {
        Metadata.Key<String> other = Metadata.Key.of("other");
        Metadata first = Metadata.builder().put(TEXT, "one").put(other, "x").build();
        Metadata second = Metadata.builder().put(TEXT, "two").build();

        Metadata merged = first.toBuilder().addAll(second).put(TEXT, "three").build();

        assertThat(merged.all(TEXT)).containsExactly("one", "two", "three");
        assertThat(merged).hasToString("Metadata[x-text, other, x-text, x-text]");
        assertThat(first.all(TEXT)).as("immutable").containsExactly("one");
    }

    @Test
    void removesAllValuesOfAName() {
        Metadata.Key<String> other = Metadata.Key.of("other");
        Metadata.Builder builder =
                Metadata.builder().put(TEXT, "one").put(other, "x").put(TEXT, "two");

        Metadata without = builder.remove(TEXT).remove(BINARY).build();

        assertThat(without).hasToString("Metadata[other]");
        assertThat(without.toBuilder().remove(other).build()).isSameAs(Metadata.EMPTY);
    }

    @Test
    void saysWhetherANameIsThere() {
        Metadata metadata = Metadata.builder().put(TEXT, "").build();

        assertThat(metadata.containsKey(TEXT)).isTrue();
        assertThat(metadata.containsKey(BINARY)).isFalse();
        assertThat(Metadata.EMPTY.containsKey(TEXT)).isFalse();
    }

    @Test
    void md5ReceivedMetadataIsHandedOnWithoutReservedNames() {
        Metadata.Builder received = Metadata.builder();
        receive(received, "grpc-status-details-bin", "AQ");
        receive(received, "x-text", "a");
        receive(received, "grpc-previous-rpc-attempts", "1");
        receive(received, "grpc-retry-pushback-ms", "5");
        receive(received, "x-trace-bin", "AQ==");
        receive(received, "connection", "close");

        Metadata sent = CallOptions.DEFAULT
                .withMetadata(received.build().toBuilder().put(TEXT, "b").build())
                .metadata();

        assertThat(sent).hasToString("Metadata[x-text, x-trace-bin, x-text]");
        assertThat(sent.wireValue(1).toString()).as("md3").isEqualTo("AQ");
    }

    @Test
    void md5WhatWasNotReceivedIsSentAsItIs() {
        Metadata metadata = Metadata.builder().put(TEXT, "a").build();

        assertThat(CallOptions.DEFAULT.withMetadata(metadata).metadata()).isSameAs(metadata);
        assertThat(metadata.toBuilder().build()).isEqualTo(metadata);
    }

    @Test
    void md5TheApplicationReadsHowOftenACallWasTriedAndWhenToTryAgain() {
        Metadata.Builder received = Metadata.builder();
        receive(received, "grpc-previous-rpc-attempts", "2");
        receive(received, "grpc-retry-pushback-ms", "-1");

        Metadata metadata = received.build();

        assertThat(metadata.get(Metadata.Key.of("grpc-previous-rpc-attempts"))).isEqualTo("2");
        assertThat(metadata.get(Metadata.Key.of("grpc-retry-pushback-ms"))).isEqualTo("-1");
    }

    @Test
    void md5AnAdapterSendsWhatTheProtocolGivesNoMeaning() {
        Metadata.Builder builder = Metadata.builder();

        assertThat(builder.tryPutWire(AsciiString.of("grpc-trace-bin"), AsciiString.of("AQ")))
                .isTrue();
        assertThat(builder.tryPutWire(AsciiString.of("x-text"), AsciiString.of(" a ")))
                .as("spaces stay, as they are the adapter's")
                .isTrue();

        Metadata sent = CallOptions.DEFAULT.withMetadata(builder.build()).metadata();
        assertThat(sent).hasToString("Metadata[grpc-trace-bin, x-text]");
        assertThat(sent.wireValue(1).toString()).isEqualTo(" a ");
    }

    @ParameterizedTest
    @CsvSource({
        "grpc-timeout, 1S",
        "grpc-encoding, gzip",
        "grpc-accept-encoding, gzip",
        "grpc-status, 0",
        "grpc-status-details-bin, AQ",
        "grpc-previous-rpc-attempts, 1",
        "te, trailers",
        "user-agent, me",
        "content-type, text/plain",
        ":path, /",
        "X-Upper, a",
        "x-control, a\tb"
    })
    void md1AnAdapterCannotSendWhatTheLibraryWritesOrGrpcForbids(String name, String value) {
        Metadata.Builder builder = Metadata.builder();

        assertThat(builder.tryPutWire(AsciiString.of(name), AsciiString.of(value)))
                .isFalse();
        assertThat(builder.build()).isSameAs(Metadata.EMPTY);
    }

    @Test
    void md2ReceivedTextThatMayNotBeSentIsNotHandedOn() {
        Metadata.Builder received = Metadata.builder();
        received.tryReceive(new AsciiString("x-text"), new AsciiString(new byte[] {'a', (byte) 0xe9}, false));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> CallOptions.DEFAULT.withMetadata(received.build()))
                .withMessage("metadata value of \"x-text\": character 233 at 1 (expected: 0x20..0x7E; use a -bin key)");
    }

    @Test
    void md1AReceivedNameThatMayNotBeSentIsNotHandedOn() {
        Metadata.Builder received = Metadata.builder();
        receive(received, "x~y", "a");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> CallOptions.DEFAULT.withMetadata(received.build()))
                .withMessageContaining("\"x~y\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":status",
                "content-type",
                "grpc-status",
                "grpc-message",
                "grpc-encoding",
                "grpc-accept-encoding",
                "grpc-timeout",
                "grpc-message-type",
                "user-agent",
                "te"
            })
    void md5HidesWhatBelongsToTheLibrary(String name) {
        assertThat(Metadata.Builder.isVisible(new AsciiString(name))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpc-status-details-bin", "grpc-previous-rpc-attempts", "grpc-retry-pushback-ms", "x"})
    void md5ShowsTheRest(String name) {
        assertThat(Metadata.Builder.isVisible(new AsciiString(name))).isTrue();
    }

    @Test
    void p17ShowsNamesAndNoValues() {
        Metadata metadata = Metadata.builder()
                .put(Metadata.Key.of("authorization"), "Bearer MARKER")
                .put(BINARY, new byte[] {1})
                .build();

        assertThat(metadata).hasToString("Metadata[authorization, x-trace-bin]");
    }

    @Test
    void nothingIsOneSharedInstance() {
        assertThat(Metadata.builder().build()).isSameAs(Metadata.EMPTY);
        assertThat(Metadata.EMPTY.isEmpty()).isTrue();
        assertThat(Metadata.EMPTY.get(TEXT)).isNull();
        assertThat(Metadata.EMPTY.all(BINARY)).isEmpty();
    }

    @Test
    void isEqualByItsFields() {
        Metadata one = Metadata.builder().put(TEXT, "a").build();
        Metadata same = Metadata.builder().put(Metadata.Key.of("X-TEXT"), "a").build();
        Metadata other = Metadata.builder().put(TEXT, "b").build();

        assertThat(one).isEqualTo(same).hasSameHashCodeAs(same).isNotEqualTo(other);
    }

    private static void receive(Metadata.Builder builder, String name, String value) {
        assertThat(builder.tryReceive(new AsciiString(name), new AsciiString(value)))
                .isTrue();
    }

    private static Metadata received(String name, String value) {
        Metadata.Builder builder = Metadata.builder();
        receive(builder, name, value);
        return builder.build();
    }
}
