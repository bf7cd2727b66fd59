package io.peregrine.client.internal.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.xds.shaded.com.github.xds.data.orca.v3.OrcaLoadReport;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.internal.control.PickTracking;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** WR-7: what reports say, beside the classes that protoc generates of them, and what malformed ones do. */
class LoadReportsTest {
    private static final Metadata.Key<byte[]> TRAILER = Metadata.Key.binary("endpoint-load-metrics-bin");

    @Test
    void wr7ReadsAllThatAReportHas() throws IOException {
        OrcaLoadReport sent = OrcaLoadReport.newBuilder()
                .setCpuUtilization(0.5)
                .setMemUtilization(0.25)
                .setApplicationUtilization(1.5)
                .setRpsFractional(1000.5)
                .setEps(3)
                .putRequestCost("rows", 17)
                .putUtilization("disk", 0.75)
                .putNamedMetrics("queue", 12)
                .putNamedMetrics("", 1)
                .build();

        assertThat(read(sent.toByteArray()))
                .isEqualTo(new LoadReport(
                        0.5,
                        0.25,
                        1.5,
                        1000.5,
                        3,
                        Map.of("rows", 17.0),
                        Map.of("disk", 0.75),
                        Map.of("queue", 12.0, "", 1.0)));
    }

    @Test
    void wr7AnEmptyReportIsAllZeros() throws IOException {
        assertThat(read(new byte[0])).isEqualTo(new LoadReport(0, 0, 0, 0, 0, Map.of(), Map.of(), Map.of()));
    }

    @Test
    void wr7NumbersAreAsTheServerSentThem() throws IOException {
        OrcaLoadReport sent = OrcaLoadReport.newBuilder()
                .setCpuUtilization(Double.NaN)
                .setMemUtilization(-1)
                .setRpsFractional(Double.POSITIVE_INFINITY)
                .build();

        LoadReport read = read(sent.toByteArray());

        assertThat(read.cpuUtilization()).isNaN();
        assertThat(read.memoryUtilization()).isEqualTo(-1);
        assertThat(read.queriesPerSecond()).isInfinite();
    }

    @Test
    void wr7WhatALaterVersionAddsIsSkipped() throws IOException {
        UnknownFieldSet.Field field = UnknownFieldSet.Field.newBuilder()
                .addVarint(5)
                .addFixed32(6)
                .addFixed64(7)
                .addLengthDelimited(ByteString.copyFromUtf8("new"))
                .addGroup(UnknownFieldSet.newBuilder()
                        .addField(
                                1,
                                UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                        .build())
                .build();
        OrcaLoadReport sent = OrcaLoadReport.newBuilder()
                .setCpuUtilization(0.5)
                .setUnknownFields(
                        UnknownFieldSet.newBuilder().addField(99, field).build())
                .build();

        assertThat(read(sent.toByteArray()).cpuUtilization()).isEqualTo(0.5);
    }

    @Test
    void wr7FindsTheReportInTrailersAndOnlyAWholeOneCounts() {
        byte[] sent = OrcaLoadReport.newBuilder().setCpuUtilization(0.5).build().toByteArray();

        assertThat(LoadReports.of(Metadata.EMPTY)).isNull();
        assertThat(LoadReports.of(trailers(Metadata.Key.of("other"), "x"))).isNull();
        assertThat(LoadReports.of(trailers(TRAILER, sent))).isNotNull();
        assertThat(LoadReports.of(trailers(TRAILER, Arrays.copyOf(sent, sent.length - 1))))
                .isNull();
    }

    @Test
    void wr7AReportOfManyEntriesIsRefused() {
        OrcaLoadReport.Builder sent = OrcaLoadReport.newBuilder();
        for (int i = 0; i < 600; i++) {
            sent.putNamedMetrics("n" + i, i);
        }
        byte[] encoded = sent.build().toByteArray();

        assertThatThrownBy(() -> read(encoded)).isInstanceOf(IOException.class).hasMessageContaining("512 entries");
        assertThat(LoadReports.of(trailers(TRAILER, encoded))).isNull();
    }

    @Test
    void wr7AGroupThatEndsWithoutABeginningIsRefused() {
        assertThatThrownBy(() -> read(new byte[] {1 << 3 | 4})).isInstanceOf(IOException.class);
        // The same inside an entry of named_metrics.
        assertThatThrownBy(() -> read(new byte[] {8 << 3 | 2, 1, 1 << 3 | 4})).isInstanceOf(IOException.class);
    }

    /** Whatever the bytes, there is a report or an IOException. */
    @Test
    void wr7AnyBytesAreAReportOrRefused() {
        SplittableRandom random = Seeds.random("load reports of any bytes");
        byte[] valid = OrcaLoadReport.newBuilder()
                .setCpuUtilization(0.5)
                .putNamedMetrics("queue", 12)
                .putUtilization("disk", 0.5)
                .setEps(7)
                .build()
                .toByteArray();
        int refused = 0;
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = round % 2 == 0 ? valid.clone() : new byte[random.nextInt(40)];
            if (round % 2 == 0) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            } else {
                random.nextBytes(bytes);
            }
            try {
                assertThat(read(bytes)).isNotNull();
            } catch (IOException malformed) {
                refused++;
            }
        }

        assertThat(refused).isBetween(1000, 99_000);
    }

    @Test
    void wr7IsReadOnceForEachAttemptAndOnlyIfSomebodyAsks() {
        List<LoadReport> seen = new ArrayList<>();
        PickTracking tracking = new PickTracking(() -> 0);
        Metadata trailers =
                trailers(TRAILER, OrcaLoadReport.newBuilder().setEps(1).build().toByteArray());

        tracking.begin(
                done -> {
                    seen.add(done.loadReport());
                    seen.add(done.loadReport());
                },
                0,
                Long.MAX_VALUE);
        tracking.end(Status.OK, trailers, true);
        assertThat(seen).hasSize(2);
        assertThat(seen.get(1)).isNotNull().isSameAs(seen.get(0));

        tracking.begin(done -> seen.add(done.loadReport()), 0, Long.MAX_VALUE);
        tracking.end(Status.OK, Metadata.EMPTY, true);
        assertThat(seen.get(2)).as("of the next attempt").isNull();
    }

    private static <T> Metadata trailers(Metadata.Key<T> key, T value) {
        return Metadata.builder().put(key, value).build();
    }

    private static LoadReport read(byte[] encoded) throws IOException {
        return LoadReports.read(CodedInputStream.newInstance(encoded));
    }
}
