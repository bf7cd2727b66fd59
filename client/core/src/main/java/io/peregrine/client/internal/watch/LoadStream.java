package io.peregrine.client.internal.watch;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.internal.message.LoadReports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

/** The method {@code xds.service.orca.v3.OpenRcaService/StreamCoreMetrics}, by which a server reports its load (gRFC A51). */
final class LoadStream {
    /** Of requests as {@link #request} encodes them. */
    static final MethodDescriptor<byte[], LoadReport> METHOD = MethodDescriptor.serverStreaming(
            "xds.service.orca.v3.OpenRcaService/StreamCoreMetrics", Marshallers.bytes(), new Reports());

    /** {@code OrcaLoadReportRequest.report_interval}. */
    private static final int REPORT_INTERVAL = 1;

    /** {@code google.protobuf.Duration}. */
    private static final int SECONDS = 1;

    private static final int NANOS = 2;

    private LoadStream() {}

    /** An {@code OrcaLoadReportRequest} for reports in that rhythm, and no costs of requests. */
    static byte[] request(Duration period) {
        int size = CodedOutputStream.computeInt64Size(SECONDS, period.getSeconds())
                + CodedOutputStream.computeInt32Size(NANOS, period.getNano());
        byte[] encoded = new byte
                [CodedOutputStream.computeTagSize(REPORT_INTERVAL)
                        + CodedOutputStream.computeUInt32SizeNoTag(size)
                        + size];
        CodedOutputStream out = CodedOutputStream.newInstance(encoded);
        try {
            out.writeTag(REPORT_INTERVAL, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag(size);
            out.writeInt64(SECONDS, period.getSeconds());
            out.writeInt32(NANOS, period.getNano());
            out.checkNoSpaceLeft();
        } catch (IOException sizesDisagree) {
            throw new UncheckedIOException(sizesDisagree);
        }
        return encoded;
    }

    private static final class Reports extends ReceivedOnly<LoadReport> {
        @Override
        LoadReport read(CodedInputStream in) throws IOException {
            return LoadReports.read(in);
        }
    }
}
