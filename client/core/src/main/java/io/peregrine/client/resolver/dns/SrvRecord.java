package io.peregrine.client.resolver.dns;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * An SRV record (RFC 2782). Immutable.
 *
 * @param priority 0..65535; the lowest is tried first
 * @param weight 0..65535, among those of one priority
 * @param port 1..65535
 * @param target a host name, without the dot at its end
 */
record SrvRecord(int priority, int weight, int port, String target) {
    private static final int FIXED_BYTES = 6;

    /** What a weight of 0 counts: very small, so that those with one have their turn first (RFC 2782). */
    private static final double LEAST_WEIGHT = 1e-3;

    /** Reads the data of a record; null if it is malformed, or says that there is no such service. */
    static @Nullable SrvRecord read(ByteBuf data) {
        if (data.readableBytes() <= FIXED_BYTES) {
            return null;
        }
        int priority = data.readUnsignedShort();
        int weight = data.readUnsignedShort();
        int port = data.readUnsignedShort();
        String target = DefaultDnsRecordDecoder.decodeName(data);
        if (port == 0 || target.length() <= 1) {
            return null;
        }
        return new SrvRecord(
                priority, weight, port, target.endsWith(".") ? target.substring(0, target.length() - 1) : target);
    }

    /** By priority, and at random by weight within each, as RFC 2782 has it. */
    static List<SrvRecord> inOrder(List<SrvRecord> records, RandomGenerator random) {
        List<Keyed> keyed = new ArrayList<>(records.size());
        for (SrvRecord service : records) {
            // Of exponential variables with rates w, each is the smallest with probability w / sum.
            double rate = Math.max(LEAST_WEIGHT, service.weight);
            keyed.add(new Keyed(service, -Math.log(1 - random.nextDouble()) / rate));
        }
        return keyed.stream()
                .sorted(Comparator.<Keyed>comparingInt(one -> one.service.priority)
                        .thenComparingDouble(Keyed::key))
                .map(Keyed::service)
                .toList();
    }

    private record Keyed(SrvRecord service, double key) {}
}
