package io.peregrine.client.internal.balancer.weighted;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.services.MetricRecorder;
import io.grpc.stub.ServerCalls;
import io.grpc.xds.orca.OrcaMetricReportingServerInterceptor;
import io.grpc.xds.orca.OrcaServiceImpl;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.RawBytes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A grpc-java server that counts its calls and reports its load as grpc-java does, in trailers, on streams, or not at all. */
final class ReportingServer implements AutoCloseable {
    static final MethodDescriptor<byte[], byte[]> SAY =
            MethodDescriptor.unary("test.Reporting/Say", Marshallers.bytes(), Marshallers.bytes());

    private static final String STREAM = "xds.service.orca.v3.OpenRcaService/StreamCoreMetrics";

    /** How a server reports. */
    enum Reports {
        IN_TRAILERS,
        ON_STREAMS,
        NONE
    }

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final MetricRecorder metrics = MetricRecorder.newInstance();
    private final AtomicInteger calls = new AtomicInteger();
    private final Semaphore streamsOpened = new Semaphore(0);
    private final Semaphore streamsCancelled = new Semaphore(0);
    private final Server server;

    ReportingServer(Reports reports, int wantedPort, double cpu) throws IOException {
        metrics.setCpuUtilizationMetric(cpu);
        metrics.setQpsMetric(100);
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), wantedPort))
                .addService(ServerServiceDefinition.builder("test.Reporting")
                        .addMethod(RawBytes.method(SAY), ServerCalls.asyncUnaryCall((request, response) -> {
                            calls.incrementAndGet();
                            response.onNext(request);
                            response.onCompleted();
                        }))
                        .build())
                .fallbackHandlerRegistry(new Unknown())
                .intercept(new StreamCount());
        if (reports == Reports.IN_TRAILERS) {
            builder.intercept(OrcaMetricReportingServerInterceptor.create(metrics));
        } else if (reports == Reports.ON_STREAMS) {
            builder.addService(OrcaServiceImpl.createService(timer, metrics, 1, TimeUnit.MILLISECONDS));
        }
        this.server = builder.build().start();
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
    }

    /** How many calls came since it was asked the last time. */
    int takeCalls() {
        return calls.getAndSet(0);
    }

    /** One permit for each stream of reports that a client has asked for. */
    Semaphore streamsOpened() {
        return streamsOpened;
    }

    /** One permit for each of them that the client gave up, or lost. */
    Semaphore streamsCancelled() {
        return streamsCancelled;
    }

    void cpu(double utilization) {
        metrics.setCpuUtilizationMetric(utilization);
    }

    @Override
    public void close() {
        server.shutdownNow();
        timer.shutdownNow();
    }

    /** Of a server without the service. */
    private final class Unknown extends HandlerRegistry {
        @Override
        public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String methodName, @Nullable String authority) {
            if (methodName.equals(STREAM)) {
                streamsOpened.release();
            }
            return null;
        }
    }

    private final class StreamCount implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            ServerCall.Listener<Q> listener = next.startCall(call, headers);
            if (!call.getMethodDescriptor().getFullMethodName().equals(STREAM)) {
                return listener;
            }
            streamsOpened.release();
            return new io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
                @Override
                public void onCancel() {
                    streamsCancelled.release();
                    super.onCancel();
                }
            };
        }
    }
}
