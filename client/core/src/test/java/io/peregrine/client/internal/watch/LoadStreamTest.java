package io.peregrine.client.internal.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.xds.shaded.com.github.xds.data.orca.v3.OrcaLoadReport;
import io.grpc.xds.shaded.com.github.xds.service.orca.v3.OrcaLoadReportRequest;
import io.netty.buffer.Unpooled;
import io.peregrine.client.MethodType;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** WR-7: what goes over the stream of load reports, beside the classes that protoc generates. */
class LoadStreamTest {
    @Test
    void wr7AsksForTheIntervalAndForNoCosts() throws IOException {
        for (Duration period : new Duration[] {Duration.ofMillis(1500), Duration.ofSeconds(10), Duration.ofNanos(1)}) {
            OrcaLoadReportRequest request = OrcaLoadReportRequest.parseFrom(LoadStream.request(period));

            assertThat(Duration.ofSeconds(
                            request.getReportInterval().getSeconds(),
                            request.getReportInterval().getNanos()))
                    .isEqualTo(period);
            assertThat(request.getRequestCostNamesList()).isEmpty();
        }
    }

    @Test
    void wr7ReadsReportsOfAServerStream() throws Exception {
        byte[] sent = OrcaLoadReport.newBuilder().setRpsFractional(17).build().toByteArray();

        assertThat(LoadStream.METHOD.type()).isEqualTo(MethodType.SERVER_STREAMING);
        assertThat(LoadStream.METHOD.path()).isEqualTo("/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics");
        assertThat(LoadStream.METHOD
                        .responseMarshaller()
                        .read(Unpooled.wrappedBuffer(sent))
                        .queriesPerSecond())
                .isEqualTo(17);
        assertThatThrownBy(() -> LoadStream.METHOD.responseMarshaller().read(Unpooled.wrappedBuffer(new byte[] {1})))
                .isInstanceOf(IOException.class);
    }
}
