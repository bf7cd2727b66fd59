package io.peregrine.protoc;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorRequest;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse;
import com.google.protobuf.compiler.PluginProtos.CodeGeneratorResponse.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The files of src/test/protobuf, as protoc describes them to a plugin; the build writes them down with their comments. */
final class TestFiles {
    private static final Path DESCRIPTORS = Path.of("target", "test-descriptors", "services.binpb");

    private TestFiles() {}

    /** All, imports of the library's own files too. */
    static List<FileDescriptorProto> all() {
        try (InputStream in = Files.newInputStream(DESCRIPTORS)) {
            return FileDescriptorSet.parseFrom(in, Generator.javaFeatures()).getFileList();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The names of those that are the tests' own. */
    static List<String> names() {
        return all().stream()
                .map(FileDescriptorProto::getName)
                .filter(name -> !name.startsWith("google/"))
                .sorted()
                .toList();
    }

    /** What protoc asks for: the clients of these files. */
    static CodeGeneratorRequest request(String parameter, Collection<String> toGenerate) {
        return CodeGeneratorRequest.newBuilder()
                .setParameter(parameter)
                .addAllProtoFile(all())
                .addAllFileToGenerate(toGenerate)
                .build();
    }

    /** Names and texts of the files of a response, which must not be an error. */
    static Map<String, String> texts(CodeGeneratorResponse response) {
        if (response.hasError()) {
            throw new AssertionError(response.getError());
        }
        Map<String, String> texts = new TreeMap<>();
        for (File file : response.getFileList()) {
            texts.put(file.getName(), file.getContent());
        }
        return texts;
    }
}
