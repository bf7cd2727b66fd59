package io.peregrine.load.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.load.method.MethodCatalog;
import io.peregrine.load.method.RequestMessages;
import io.peregrine.load.method.UnaryMethod;
import io.peregrine.load.serve.ServeOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What each call is: the method, its message, metadata and deadline. */
final class RequestOptions {
    private static final String STANDARD_INPUT = "@";
    private static final int DEFAULT_ECHO_BYTES = 100;

    /** The most that key and length of the payload field take. */
    private static final int ECHO_FIELD_BYTES = 6;

    @Option(
            names = "--call",
            paramLabel = "METHOD",
            defaultValue = MethodCatalog.ECHO,
            description = "Unary method as package.Service/Method. Default: ${DEFAULT-VALUE}")
    private String call = MethodCatalog.ECHO;

    @Option(
            names = "--protoset",
            paramLabel = "FILE",
            description = "FileDescriptorSet that has the method (protoc --include_imports --descriptor_set_out). "
                    + "Default: the compiled-in echo service")
    private @Nullable Path protoset;

    @Option(
            names = {"-d", "--data"},
            paramLabel = "JSON",
            description = "Request message as JSON; @ reads standard input. Encoded once, before the run")
    private @Nullable String data;

    @Option(
            names = {"-D", "--data-file"},
            paramLabel = "FILE",
            description = "Request message as JSON in a file")
    private @Nullable Path dataFile;

    @Option(
            names = {"-b", "--binary"},
            arity = "0",
            description = "Request message as encoded bytes from standard input")
    private boolean binary;

    @Option(
            names = {"-B", "--binary-file"},
            paramLabel = "FILE",
            description = "Request message as encoded bytes in a file")
    private @Nullable Path binaryFile;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "Payload of the compiled-in echo request, up to 64 MiB. Default: 100")
    private @Nullable Integer size;

    @Option(
            names = {"-m", "--metadata"},
            paramLabel = "JSON",
            description = "Request metadata as a JSON object of strings; names that end in -bin take base64")
    private @Nullable String metadata;

    @Option(
            names = {"-t", "--timeout"},
            paramLabel = "DURATION",
            defaultValue = "20s",
            converter = DurationConverter.class,
            description = "Deadline of each call, 0 for none. Default: ${DEFAULT-VALUE}")
    private Duration timeout = Duration.ofSeconds(20);

    UnaryMethod method() {
        Path file = protoset;
        MethodCatalog catalog = file == null ? MethodCatalog.compiledIn() : MethodCatalog.ofProtoset(file);
        return catalog.unary(call);
    }

    /** The encoded request message. */
    byte[] message(UnaryMethod method) {
        long sources = Stream.of(data, dataFile, binary ? call : null, binaryFile, size)
                .filter(Objects::nonNull)
                .count();
        if (sources > 1) {
            throw new UsageException("request: " + sources + " sources (expected: one of -d, -D, -b, -B, --size)");
        }
        String json = data;
        if (json != null) {
            return RequestMessages.ofJson(json.equals(STANDARD_INPUT) ? text(standardInput()) : json, method);
        }
        Path jsonFile = dataFile;
        if (jsonFile != null) {
            return RequestMessages.ofJson(text(read(jsonFile, "data-file")), method);
        }
        Path bytesFile = binaryFile;
        if (bytesFile != null) {
            return read(bytesFile, "binary-file");
        }
        return binary ? standardInput() : echoMessage(method);
    }

    /** Deadline and metadata of every call. */
    CallOptions options() {
        CallOptions options = timeout.isZero() ? CallOptions.DEFAULT : CallOptions.deadlineAfter(timeout);
        String json = metadata;
        return json == null ? options : options.withMetadata(metadata(json));
    }

    private static Metadata metadata(String json) {
        Metadata.Builder fields = Metadata.builder();
        for (Map.Entry<String, JsonElement> entry : metadataObject(json).entrySet()) {
            String name = entry.getKey();
            JsonElement value = entry.getValue();
            if (!value.isJsonPrimitive()) {
                throw new UsageException("metadata: " + name + " is " + value + " (expected: a string)");
            }
            if (name.endsWith("-bin")) {
                fields.put(Metadata.Key.binary(name), base64(name, value.getAsString()));
            } else {
                fields.put(Metadata.Key.of(name), value.getAsString());
            }
        }
        return fields.build();
    }

    private static byte[] base64(String name, String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("metadata: " + name + " is " + text + " (expected: base64)", e);
        }
    }

    private static JsonObject metadataObject(String json) {
        try {
            JsonElement parsed = JsonParser.parseString(json);
            if (parsed.isJsonObject()) {
                return parsed.getAsJsonObject();
            }
        } catch (JsonParseException e) {
            throw new UsageException("metadata: " + json + " (expected: a JSON object of strings)", e);
        }
        throw new UsageException("metadata: " + json + " (expected: a JSON object of strings)");
    }

    private byte[] echoMessage(UnaryMethod method) {
        if (!method.fullName().equals(MethodCatalog.ECHO)) {
            if (size != null) {
                throw new UsageException("size: " + size + " for " + method.fullName() + " (expected: only for "
                        + MethodCatalog.ECHO + ')');
            }
            return new byte[0]; // the message with every field at its default, as ghz sends without data
        }
        int payloadBytes = size == null ? DEFAULT_ECHO_BYTES : size;
        int limit = ServeOptions.MAX_MESSAGE_BYTES - ECHO_FIELD_BYTES;
        if (payloadBytes < 0 || payloadBytes > limit) {
            throw new UsageException("size: " + payloadBytes + " (expected: 0.." + limit + " bytes)");
        }
        return RequestMessages.echo(payloadBytes);
    }

    private static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static byte[] standardInput() {
        try {
            return System.in.readAllBytes();
        } catch (IOException e) {
            throw new UsageException("standard input (expected: a readable request message)", e);
        }
    }

    private static byte[] read(Path file, String option) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UsageException(option + ": " + file + " (expected: a readable file)", e);
        }
    }
}
