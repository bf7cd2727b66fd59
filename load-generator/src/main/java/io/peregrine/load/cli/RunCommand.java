package io.peregrine.load.cli;

import io.peregrine.client.CallOptions;
import io.peregrine.load.method.UnaryMethod;
import io.peregrine.load.report.ProgressLine;
import io.peregrine.load.report.RunReport;
import io.peregrine.load.run.ClientTarget;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.RunSession;
import io.peregrine.load.run.RunSession.Progress;
import io.peregrine.load.run.StopSignal;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Makes the calls and reports. What is wrong with the input is refused before the first call. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Calls a unary method and reports the latencies.")
final class RunCommand implements Callable<Integer> {
    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Mixin
    private final LoadOptions load = new LoadOptions();

    @Mixin
    private final RequestOptions request = new RequestOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        LoadPlan plan = load.plan();
        connection.check();
        output.check();
        UnaryMethod method = UsageException.unlessAccepted(request::method);
        byte[] message = UsageException.unlessAccepted(() -> request.message(method));
        CallOptions options = UsageException.unlessAccepted(request::options);
        try (Endpoint endpoint = UsageException.unlessAccepted(connection::open);
                ClientTarget target = UsageException.unlessAccepted(
                        () -> connection.connect(endpoint, plan, method.fullName(), message, options))) {
            return run(plan, endpoint, target, method, message.length);
        }
    }

    private int run(LoadPlan plan, Endpoint endpoint, ClientTarget target, UnaryMethod method, int requestBytes)
            throws IOException {
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.watch(stop);
        try {
            RunSession session = new RunSession(plan, load.warmUp().toNanos(), load.countErrors(), load.pacer(), stop);
            RunSession.Result result = session.run(
                    target,
                    (recorder, phase) -> output.progress() ? ProgressLine.start(recorder, phase) : Progress.NONE);
            RunReport report = new RunReport(
                    result.date(),
                    endpoint.description(),
                    endpoint.embedded(),
                    method.fullName(),
                    target.lanes(),
                    requestBytes,
                    target.replyBytes(),
                    plan,
                    result.outcome(),
                    result.measurements(),
                    result.usage(),
                    Environment.describe(endpoint));
            output.write(report, spec().commandLine().getOut());
            return report.allOk() ? ExitCodes.OK : ExitCodes.FAILED;
        } finally {
            interruption.reported();
        }
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("spec: null (expected: injected by the parser)");
        }
        return spec;
    }
}
