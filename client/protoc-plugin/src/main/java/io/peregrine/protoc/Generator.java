package io.peregrine.protoc;

import com.google.protobuf.DescriptorProtos;
import com.google.protobuf.DescriptorProtos.Edition;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.ExtensionRegistry;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.JavaFeaturesProto;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse.Feature;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Turns a request into a response. The response depends on the request alone, and not on the order of its files: the
 * same files give the same text, byte for byte.
 */
final class Generator {
    private static final int FEATURES = Feature.FEATURE_PROTO3_OPTIONAL_VALUE | Feature.FEATURE_SUPPORTS_EDITIONS_VALUE;

    private Generator() {}

    /** The response to the request that the stream holds. */
    static CodeGeneratorResponse respond(InputStream in) throws IOException {
        CodeGeneratorRequest request;
        try {
            request = CodeGeneratorRequest.parseFrom(in, javaFeatures());
        } catch (InvalidProtocolBufferException malformed) {
            return failed(
                    "standard input: " + malformed.getMessage() + " (expected: a CodeGeneratorRequest of protoc)");
        }
        return respond(request);
    }

    /** The response to a request that was parsed with the Java features. */
    static CodeGeneratorResponse respond(CodeGeneratorRequest request) {
        try {
            CodeGeneratorResponse.Builder response = response();
            generate(request)
                    .forEach((name, text) ->
                            response.addFileBuilder().setName(name).setContent(text));
            return response.build();
        } catch (GeneratorException wrong) {
            return failed(wrong.sentence());
        }
    }

    /** Without them the Java features of editions would be fields that nobody knows. */
    static ExtensionRegistry javaFeatures() {
        // JavaFeaturesProto cannot be the first class of the library that is initialized: each of the two needs the
        // other.
        FileDescriptor unused = DescriptorProtos.getDescriptor();
        ExtensionRegistry registry = ExtensionRegistry.newInstance();
        JavaFeaturesProto.registerAllExtensions(registry);
        return registry;
    }

    private static CodeGeneratorResponse failed(String sentence) {
        return response().setError(sentence).build();
    }

    private static CodeGeneratorResponse.Builder response() {
        return CodeGeneratorResponse.newBuilder()
                .setSupportedFeatures(FEATURES)
                .setMinimumEdition(Edition.EDITION_PROTO2_VALUE)
                .setMaximumEdition(Edition.EDITION_2024_VALUE);
    }

    /** Names and texts of the files to write, in the order of the names. */
    private static Map<String, String> generate(CodeGeneratorRequest request) {
        Parameters parameters = Parameters.parse(request.getParameter());
        LinkedFiles files = LinkedFiles.link(request.getProtoFileList());
        MessageClasses messages = new MessageClasses(files.all());
        Map<String, String> texts = new TreeMap<>();
        for (ServiceDescriptor service : services(files, request.getFileToGenerateList())) {
            ServiceClient client = ServiceClient.of(service, parameters, messages);
            if (texts.put(client.type().fileName(), new ClientSource(client, parameters, messages).text()) != null) {
                throw new GeneratorException("service " + service.getFullName() + ": its client is the class "
                        + client.type().qualifiedName()
                        + ", and so is that of another service (expected: another java_package for one of them)");
            }
        }
        return texts;
    }

    private static List<ServiceDescriptor> services(LinkedFiles files, Collection<String> toGenerate) {
        List<ServiceDescriptor> services = new ArrayList<>();
        for (String name : new TreeSet<>(toGenerate)) {
            FileDescriptor file = files.named(name);
            services.addAll(file.getServices());
        }
        return services;
    }
}
