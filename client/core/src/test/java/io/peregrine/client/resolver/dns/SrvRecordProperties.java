package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.testkit.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** DN-10: the order of SRV records (RFC 2782), and records that are malformed. */
class SrvRecordProperties {
    /** With so many, a share is within 0.02 of what is expected by seven standard deviations at the least. */
    private static final int ORDERS = 30_000;

    @Test
    void dn10TheOrderIsByPriorityAndHoldsEachRecordOnce() {
        SplittableRandom random = Seeds.random("the order of SRV records is by priority and holds each once");
        List<SrvRecord> records = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            records.add(new SrvRecord(random.nextInt(5), random.nextInt(65_536), 1 + i, "host" + i));
        }

        List<SrvRecord> ordered = SrvRecord.inOrder(records, random);

        assertThat(ordered).containsExactlyInAnyOrderElementsOf(records);
        assertThat(ordered).extracting(SrvRecord::priority).isSorted();
    }

    @Test
    void dn10AShareOfTheWeightIsAShareOfTheFirstPlaces() {
        SplittableRandom random = Seeds.random("a share of the weight is a share of the first places");
        List<SrvRecord> records = new ArrayList<>(List.of(
                new SrvRecord(0, 10, 1, "a"),
                new SrvRecord(0, 30, 1, "b"),
                new SrvRecord(0, 60, 1, "c"),
                new SrvRecord(0, 0, 1, "none")));
        Collections.shuffle(records, new Random(random.nextLong()));

        int[] first = new int[128];
        for (int i = 0; i < ORDERS; i++) {
            first[SrvRecord.inOrder(records, random).get(0).target().charAt(0)]++;
        }

        assertThat(first['a'] / (double) ORDERS).isCloseTo(0.1, within(0.02));
        assertThat(first['b'] / (double) ORDERS).isCloseTo(0.3, within(0.02));
        assertThat(first['c'] / (double) ORDERS).isCloseTo(0.6, within(0.02));
        assertThat(first['n']).isLessThan(20);
    }

    @Test
    void dn10WhatIsMalformedOrNoServiceIsNoRecord() {
        assertThat(SrvRecord.read(Unpooled.EMPTY_BUFFER)).isNull();
        assertThat(SrvRecord.read(Unpooled.wrappedBuffer(new byte[6]))).isNull();
        assertThat(SrvRecord.read(data(0, 0, 0, "host"))).as("port 0").isNull();
        assertThat(SrvRecord.read(data(0, 0, 1, "")))
                .as("the root: no such service")
                .isNull();
        assertThat(SrvRecord.read(data(1, 2, 3, "host"))).isEqualTo(new SrvRecord(1, 2, 3, "host"));
    }

    private static ByteBuf data(int priority, int weight, int port, String label) {
        ByteBuf data = Unpooled.buffer();
        data.writeShort(priority).writeShort(weight).writeShort(port);
        if (!label.isEmpty()) {
            data.writeByte(label.length()).writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        return data.writeByte(0);
    }
}
