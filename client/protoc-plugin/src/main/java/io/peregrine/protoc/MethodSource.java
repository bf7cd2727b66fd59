package io.peregrine.protoc;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import java.util.ArrayList;
import java.util.List;

/** The source of the forms of one method, each once with the client's options and once with more. */
final class MethodSource {
    private final ServiceClient client;
    private final ServiceMethod method;
    private final String comment;
    private final Imports imports;
    private final SourceWriter body;
    private final String request;
    private final String response;

    MethodSource(ServiceClient client, ServiceMethod method, String comment, Imports imports, SourceWriter body) {
        this.client = client;
        this.method = method;
        this.comment = comment;
        this.imports = imports;
        this.body = body;
        this.request = imports.name(method.request());
        this.response = imports.name(method.response());
    }

    /**
     * A form of the method.
     *
     * @param returns the type that it returns
     * @param name its name
     * @param channelMethod what it calls of the channel
     * @param parameter {@code type name}; what is sent; empty if that comes later
     * @param callback {@code type name}; who is told; empty for nobody
     */
    private record Form(String returns, String name, String channelMethod, String parameter, String callback) {
        List<String> parameters(String options) {
            List<String> parameters = new ArrayList<>();
            for (String each : List.of(parameter, options, callback)) {
                if (!each.isEmpty()) {
                    parameters.add(each);
                }
            }
            return parameters;
        }

        /** As Javadoc names it. */
        String signature() {
            List<String> types = parameters("").stream()
                    .map(each -> each.substring(0, each.lastIndexOf(' ')).replaceFirst("<.*>", ""))
                    .toList();
            return "#" + name + "(" + String.join(", ", types) + ")";
        }
    }

    /** Writes all forms. */
    void write() {
        if (method.hasOneRequest() && method.hasOneResponse()) {
            writeUnary();
        } else {
            writeStreaming();
        }
    }

    private void writeUnary() {
        Form waiting = new Form(response, method.name(), "invoke", request + " request", "");
        write(
                waiting,
                documented("Calls {@code " + method.fullName() + "} and waits for the response.")
                        .tag("@throws " + imports.name(Library.STATUS_EXCEPTION)
                                + " if the call does not end with OK"));
        String callback = generic(Library.UNARY_CALLBACK, response) + " callback";
        write(
                new Form(
                        imports.name(Library.CANCELLABLE),
                        method.async(),
                        "invokeAsync",
                        request + " request",
                        callback),
                as(waiting, ", and returns at once; the callback is told the end.")
                        .tag("@return what cancels the call"));
        writeFuture(waiting, request + " request");
        writeFlow(waiting, request + " request", "Each subscription makes a call.");
    }

    private void writeStreaming() {
        String only = method.hasOneRequest() ? request + " request" : "";
        Form waiting =
                new Form(generic(Library.CLIENT_STREAM, request, response), method.name(), "newStream", only, "");
        write(
                waiting,
                documented("Starts a call of {@code " + method.fullName() + "} for a caller that waits" + whatWaits()));
        String callback = generic(Library.STREAM_CALLBACK, response) + " callback";
        write(
                new Form(generic(Library.CLIENT_CALL, request), method.async(), "startCall", only, callback),
                as(waiting, ", and never waits: the callback is told what happens" + whatIsAskedFor()));
        String all = generic(Library.PUBLISHER, "? extends " + request) + " requests";
        if (method.hasOneResponse()) {
            writeFuture(waiting, all);
        }
        writeFlow(
                waiting,
                method.hasOneRequest() ? only : all,
                method.hasOneRequest()
                        ? "Each subscription makes a call."
                        : "Each subscription makes a call, which subscribes to the requests.");
    }

    private String whatWaits() {
        if (method.hasOneRequest()) {
            return " for each response.";
        }
        return method.hasOneResponse() ? " for room to send, and for the response." : " to send and to receive.";
    }

    private String whatIsAskedFor() {
        return method.hasOneResponse() ? "." : ". No response arrives before the call was asked for it.";
    }

    private void writeFuture(Form waiting, String parameter) {
        write(
                new Form(generic(Library.COMPLETABLE_FUTURE, response), method.future(), "invokeFuture", parameter, ""),
                as(
                        waiting,
                        ", and returns at once. The future fails with a {@link "
                                + imports.name(Library.STATUS_EXCEPTION) + "}; cancelling it cancels the call."));
    }

    private void writeFlow(Form waiting, String parameter, String says) {
        write(
                new Form(generic(Library.PUBLISHER, response), method.flow(), "publish", parameter, ""),
                as(waiting, ", as a publisher. " + says));
    }

    /** The comment of the .proto, and how this form does it. */
    private Javadoc documented(String says) {
        IdempotencyLevel level = method.method().getOptions().getIdempotencyLevel();
        String suffix = switch (level) {
            case IDEMPOTENT -> " The method is idempotent: calling it twice does what calling it once does.";
            case NO_SIDE_EFFECTS -> " The method has no side effects.";
            case IDEMPOTENCY_UNKNOWN -> "";
        };
        return new Javadoc().comment(comment).paragraph(says + suffix);
    }

    private static Javadoc as(Form other, String says) {
        return new Javadoc().paragraph("As {@link " + other.signature() + "}" + says);
    }

    private void write(Form form, Javadoc javadoc) {
        String field = client.optionsField();
        write(form, javadoc, "", field);
        String parameter = imports.name(Library.CALL_OPTIONS) + " options";
        write(
                form,
                as(form, ", with these options before the client's own."),
                parameter,
                "options.withDefaults(this." + field + ")");
    }

    private void write(Form form, Javadoc javadoc, String optionsParameter, String options) {
        body.blank();
        body.javadoc(javadoc);
        if (method.isDeprecated()) {
            body.line("@" + imports.name(Library.DEPRECATED));
        }
        body.openList("public " + form.returns() + " " + form.name() + "(", form.parameters(optionsParameter), ") {");
        List<String> arguments = new ArrayList<>();
        arguments.add(method.constant());
        for (String each : form.parameters("CallOptions options")) {
            String name = each.substring(each.lastIndexOf(' ') + 1);
            arguments.add(name.equals("options") ? options : name);
        }
        body.list("return " + client.connField() + "." + form.channelMethod() + "(", arguments, ");");
        body.close();
    }

    private String generic(JavaType type, String... arguments) {
        return imports.name(type) + "<" + String.join(", ", arguments) + ">";
    }
}
