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
 * Reads {@code xds.data.orca.v3.OrcaLoadReport} (SPEC WR-7), which is too small to generate classes from that a user's own
 * would clash with. Numbers are as the server sent them: it may have sent none, negative ones, or what is not a number.
 */
public final class LoadReports {
    private static final Metadata.Key<byte[]> TRAILER = Metadata.Key.binary("endpoint-load-metrics-bin");

    /** Far more than a server has to say; each takes some hundred bytes of heap for the three or more that it has sent. */
    private static final int MAX_ENTRIES = 512;

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
    private int entries;

    // Most reports have none of them: made by the first entry.
    private Map<String, Double> requestCost = Map.of();
    private Map<String, Double> utilization = Map.of();
    private Map<String, Double> namedMetrics = Map.of();

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
            if (!known) {
                skip(input, tag);
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
        switch (field) {
            case REQUEST_COST -> requestCost = withEntry(requestCost, input);
            case UTILIZATION -> utilization = withEntry(utilization, input);
            case NAMED_METRICS -> namedMetrics = withEntry(namedMetrics, input);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** As protobuf has it: what an entry leaves out is empty or 0, and the last one of a name counts. */
    private Map<String, Double> withEntry(Map<String, Double> entered, CodedInputStream input) throws IOException {
        if (++entries > MAX_ENTRIES) {
            throw new IOException("more than " + MAX_ENTRIES + " entries in a load report");
        }
        int limit = input.pushLimit(input.readRawVarint32());
        String name = "";
        double value = 0;
        for (int tag = input.readTag(); tag != 0; tag = input.readTag()) {
            switch (tag) {
                case 1 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> name = input.readStringRequireUtf8();
                case 2 << 3 | WireFormat.WIRETYPE_FIXED64 -> value = input.readDouble();
                default -> skip(input, tag);
            }
        }
        input.popLimit(limit);
        Map<String, Double> more = entered.isEmpty() ? new HashMap<>() : entered;
        more.put(name, value);
        return more;
    }

    /** Also the end of a group that did not begin is none of ours. */
    private static void skip(CodedInputStream input, int tag) throws IOException {
        if (!input.skipField(tag)) {
            throw new IOException("a group ends that did not begin, in a load report");
        }
    }
}
