package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.transport.http2.TransportOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** SPEC H2-8 against a grpc-java server that permits no PINGs but those that its own DATA excuses. */
class WindowGrowthIT {
    private static final int MIB = 1 << 20;
    private static final MethodDescriptor<byte[], byte[]> DOWNLOAD =
            MethodDescriptor.unary("test.Download/Bytes", Marshallers.bytes(), Marshallers.bytes());
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));

    private final AtomicInteger transports = new AtomicInteger();
    private Server server;

    @BeforeEach
    void start() throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .directExecutor()
                .permitKeepAliveTime(2, TimeUnit.HOURS)
                .addTransportFilter(new ServerTransportFilter() {
                    @Override
                    public Attributes transportReady(Attributes attributes) {
                        transports.incrementAndGet();
                        return attributes;
                    }
                })
                .addService(ServerServiceDefinition.builder("test.Download")
                        .addMethod(RawBytes.method(DOWNLOAD), ServerCalls.asyncUnaryCall((request, response) -> {
                            response.onNext(new byte[ByteBuffer.wrap(request).getInt()]);
                            response.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        server.shutdownNow();
        assertThat(server.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void h28DownloadsOfAllSizesNeverSendTooManyPings() throws Exception {
        try (LongLink link = new LongLink(server.getPort(), Duration.ofMillis(1));
                ClientConn conn = builder(link).build()) {
            for (int round = 0; round < 40; round++) {
                for (int bytes : new int[] {0, 100, 5000, 200_000, 4 * MIB, 12 * MIB}) {
                    assertThat(download(conn, bytes)).hasSize(bytes);
                }
            }

            assertThat(link.probes()).as("probes").isGreaterThan(2);
            assertThat(transports)
                    .as("connections, one for each GOAWAY and the first")
                    .hasValue(1);
        }
    }

    @Test
    void h28LargeDownloadsOverALongLinkAreFasterThanWithFixedWindows() throws Exception {
        // At most 64 KiB in each round trip of 100 ms: any machine has time for more.
        TransportOptions small =
                TransportOptions.builder().windows(65_535, 65_535).build();
        double fixed = secondsToDownload(small);
        double growing = secondsToDownload(
                small.toBuilder().maxWindows(8 * MIB, 16 * MIB).build());

        assertThat(growing).as("seconds, %s with fixed windows", fixed).isLessThan(fixed * 0.9);
        assertThat(transports).hasValue(2);
    }

    private double secondsToDownload(TransportOptions options) throws Exception {
        try (LongLink link = new LongLink(server.getPort(), Duration.ofMillis(50));
                ClientConn conn = builder(link).transportOptions(options).build()) {
            download(conn, 0);
            long startNs = System.nanoTime();
            assertThat(download(conn, 3 * MIB / 2)).hasSize(3 * MIB / 2);
            return (System.nanoTime() - startNs) / 1e9;
        }
    }

    private static ClientConnBuilder builder(LongLink link) {
        return ClientConn.builder(link.target())
                .credentials(InsecureCredentials.create())
                .maxInboundMessageBytes(16 * MIB);
    }

    private static byte[] download(ClientConn conn, int bytes) {
        return conn.invoke(DOWNLOAD, ByteBuffer.allocate(4).putInt(bytes).array(), OPTIONS);
    }
}
