package io.peregrine.client.internal.message;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.peregrine.client.Metadata;
import io.peregrine.client.balancer.LoadReport;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code xds.data.orca.v3.OrcaLoadReport}, which is too small to generate classes from that a user's own would clash
 * with.
 */
public final class LoadReports {
    private static final Metadata.Key<byte[]> TRAILER = Metadata.Key.binary("endpoint-load-metrics-bin");

    private static final int CPU_UTILIZATION = 1;
    private static final int MEM_UTILIZATION = 2;
    private static final int REQUEST_COST = 4;
    private static final int UTILIZATION = 5;
    private static final int RPS_FRACTIONAL = 6;
    private static final int EPS = 7;
    private static final int NAMED_METRICS = 8;
    private static final int APPLICATION_UTILIZATION = 9;

    private double cpu;
    private double memory;
    private double application;
    private double qps;
    private double eps;
    private final Map<String, Double> requestCost = new HashMap<>();
    private final Map<String, Double> utilization = new HashMap<>();
    private final Map<String, Double> namedMetrics = new HashMap<>();

    private LoadReports() {}

    /** The report in a call's trailers (SPEC WR-7); null if there is none that can be read. */
    public static @Nullable LoadReport of(Metadata trailers) {
        if (trailers.isEmpty()) {
            return null;
        }
        byte[] encoded = trailers.get(TRAILER);
        if (encoded == null) {
            return null;
        }
        try {
            return read(CodedInputStream.newInstance(encoded));
        } catch (IOException malformed) {
            return null;
        }
    }

    /** Reads one message, to its end. */
    public static LoadReport read(CodedInputStream input) throws IOException {
        return new LoadReports().readFields(input);
    }

    private LoadReport readFields(CodedInputStream input) throws IOException {
        for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
            int wireType = WireFormat.getTagWireType(tag);
            int field = WireFormat.getTagFieldNumber(tag);
            boolean known = switch (wireType) {
                case WireFormat.WIRETYPE_FIXED64 -> readNumber(input, field);
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> readEntry(input, field);
                default -> false;
            };
            if (!known && !input.skipField(tag)) {
                break;
            }
        }
        return new LoadReport(cpu, memory, application, qps, eps, requestCost, utilization, namedMetrics);
    }

    private boolean readNumber(CodedInputStream input, int field) throws IOException {
        switch (field) {
            case CPU_UTILIZATION -> cpu = input.readDouble();
            case MEM_UTILIZATION -> memory = input.readDouble();
            case RPS_FRACTIONAL -> qps = input.readDouble();
            case EPS -> eps = input.readDouble();
            case APPLICATION_UTILIZATION -> application = input.readDouble();
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean readEntry(CodedInputStream input, int field) throws IOException {
        Map<String, Double> map;
        switch (field) {
            case REQUEST_COST -> map = requestCost;
            case UTILIZATION -> map = utilization;
            case NAMED_METRICS -> map = namedMetrics;
            default -> {
                return false;
            }
        }
        int limit = input.pushLimit(input.readRawVarint32());
        String name = "";
        double value = 0;
        for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
            switch (tag) {
                case 1 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> name = input.readStringRequireUtf8();
                case 2 << 3 | WireFormat.WIRETYPE_FIXED64 -> value = input.readDouble();
                default -> input.skipField(tag);
            }
        }
        input.popLimit(limit);
        map.put(name, value);
        return true;
    }
}
