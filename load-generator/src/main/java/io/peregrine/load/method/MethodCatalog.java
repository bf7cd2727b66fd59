package io.peregrine.load.method;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TypeRegistry;
import io.peregrine.load.proto.EchoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods that a run can name: of the compiled-in echo service, or of a protoset file. */
public final class MethodCatalog {
    /** The method of the compiled-in service. */
    public static final String ECHO = "peregrine.load.Echo/UnaryEcho";

    private final String origin;
    private final Map<String, ServiceDescriptor> services = new LinkedHashMap<>();
    private final TypeRegistry types;

    private MethodCatalog(String origin, Iterable<FileDescriptor> files) {
        this.origin = origin;
        List<Descriptor> messages = new ArrayList<>();
        for (FileDescriptor file : files) {
            messages.addAll(file.getMessageTypes());
            file.getServices().forEach(service -> services.put(service.getFullName(), service));
        }
        this.types = TypeRegistry.newBuilder().add(messages).build();
    }

    /** The echo service that {@code serve} answers. */
    public static MethodCatalog compiledIn() {
        return new MethodCatalog("the compiled-in descriptors", List.of(EchoProto.getDescriptor()));
    }

    /**
     * The services of a FileDescriptorSet, as {@code protoc --include_imports --descriptor_set_out} writes it.
     *
     * @throws IllegalArgumentException when the file is missing or is not such a set
     */
    public static MethodCatalog ofProtoset(Path file) {
        return new MethodCatalog("protoset " + file, new FileLinker(file, read(file)).linkAll());
    }

    /**
     * Finds a unary method.
     *
     * @param fullName {@code package.Service/Method}
     * @throws IllegalArgumentException when the name has no slash, is not known or is not unary
     */
    public UnaryMethod unary(String fullName) {
        int slash = fullName.indexOf('/');
        if (slash <= 0 || slash == fullName.length() - 1 || slash != fullName.lastIndexOf('/')) {
            throw new IllegalArgumentException("call: " + fullName + " (expected: package.Service/Method)");
        }
        ServiceDescriptor service = services.get(fullName.substring(0, slash));
        if (service == null) {
            throw new IllegalArgumentException("call: " + fullName + ", no such service in " + origin
                    + " (expected: one of " + services.keySet() + ')');
        }
        MethodDescriptor method = service.findMethodByName(fullName.substring(slash + 1));
        if (method == null) {
            List<String> names =
                    service.getMethods().stream().map(MethodDescriptor::getName).toList();
            throw new IllegalArgumentException("call: " + fullName + ", no such method (expected: one of " + names
                    + " of " + service.getFullName() + ')');
        }
        if (method.isClientStreaming() || method.isServerStreaming()) {
            throw new IllegalArgumentException("call: " + fullName + " is streaming (expected: a unary method)");
        }
        return new UnaryMethod(fullName, method.getInputType(), types);
    }

    private static FileDescriptorSet read(Path file) {
        FileDescriptorSet set;
        try {
            set = FileDescriptorSet.parseFrom(Files.readAllBytes(file));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("protoset: " + file + " (expected: a FileDescriptorSet)", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("protoset: " + file + " (expected: a readable file)", e);
        }
        if (set.getFileCount() == 0) {
            throw new IllegalArgumentException("protoset: " + file + " (expected: a FileDescriptorSet with files)");
        }
        return set;
    }

    /** Links the files of a set to the files that they import. */
    private static final class FileLinker {
        private final Path origin;
        private final Map<String, FileDescriptorProto> sources = new LinkedHashMap<>();
        private final Map<String, @Nullable FileDescriptor> linked = new LinkedHashMap<>();

        FileLinker(Path origin, FileDescriptorSet set) {
            this.origin = origin;
            set.getFileList().forEach(file -> sources.put(file.getName(), file));
        }

        List<FileDescriptor> linkAll() {
            return sources.values().stream().map(this::link).toList();
        }

        private FileDescriptor link(FileDescriptorProto source) {
            FileDescriptor known = linked.get(source.getName());
            if (known != null) {
                return known;
            }
            if (linked.containsKey(source.getName())) {
                throw broken(source.getName() + " imports itself", null);
            }
            linked.put(source.getName(), null);
            FileDescriptor[] imports = source.getDependencyList().stream()
                    .map(name -> linkImport(source, name))
                    .toArray(FileDescriptor[]::new);
            try {
                FileDescriptor file = FileDescriptor.buildFrom(source, imports);
                linked.put(source.getName(), file);
                return file;
            } catch (DescriptorValidationException e) {
                throw broken(String.valueOf(e.getMessage()), e);
            }
        }

        private FileDescriptor linkImport(FileDescriptorProto importer, String name) {
            FileDescriptorProto source = sources.get(name);
            if (source == null) {
                throw broken(importer.getName() + " imports " + name + ", which is not in it", null);
            }
            return link(source);
        }

        private IllegalArgumentException broken(String reason, @Nullable Throwable cause) {
            return new IllegalArgumentException(
                    "protoset: " + origin + ", " + reason + " (expected: a set made with --include_imports)", cause);
        }
    }
}
