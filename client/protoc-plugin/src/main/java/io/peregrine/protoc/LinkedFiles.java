package io.peregrine.protoc;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The files of a request, each linked with those that it imports, whatever their order in the request. */
final class LinkedFiles {
    private final Map<String, FileDescriptorProto> unlinked;
    private final Map<String, FileDescriptor> linked = new LinkedHashMap<>();
    private final Set<String> underWay = new HashSet<>();

    private LinkedFiles(Map<String, FileDescriptorProto> unlinked) {
        this.unlinked = unlinked;
    }

    /**
     * Links the files.
     *
     * @throws GeneratorException if one imports a file that is not there or, in the end, itself, or names a type that is
     *     not there
     */
    static LinkedFiles link(Collection<FileDescriptorProto> files) {
        // By name, so that what is said first does not depend on the request's order.
        Map<String, FileDescriptorProto> byName = new TreeMap<>();
        for (FileDescriptorProto file : files) {
            byName.put(file.getName(), file);
        }
        LinkedFiles result = new LinkedFiles(byName);
        byName.keySet().forEach(name -> result.link(name, null));
        return result;
    }

    /** All of them. */
    Collection<FileDescriptor> all() {
        return linked.values();
    }

    /**
     * The file of that name.
     *
     * @throws GeneratorException if there is none
     */
    FileDescriptor named(String name) {
        FileDescriptor file = linked.get(name);
        if (file == null) {
            throw new GeneratorException("file " + name + ": not in the request (expected: each file to generate)");
        }
        return file;
    }

    private FileDescriptor link(String name, @Nullable String importer) {
        FileDescriptor known = linked.get(name);
        if (known != null) {
            return known;
        }
        FileDescriptorProto file = unlinked.get(name);
        if (file == null) {
            throw new GeneratorException(
                    "file " + importer + ": imports " + name + ", which is not in the request (expected: all imports)");
        }
        if (!underWay.add(name)) {
            throw new GeneratorException("file " + name + ": imports itself (expected: no circle of imports)");
        }
        List<FileDescriptor> imports = new ArrayList<>();
        for (String imported : file.getDependencyList()) {
            imports.add(link(imported, name));
        }
        FileDescriptor result = build(file, imports);
        linked.put(name, result);
        return result;
    }

    private static FileDescriptor build(FileDescriptorProto file, List<FileDescriptor> imports) {
        try {
            return FileDescriptor.buildFrom(file, imports.toArray(new FileDescriptor[0]));
        } catch (DescriptorValidationException | RuntimeException invalid) {
            // What protoc never sends, as a field without a type, the library may meet with any exception.
            String reason = invalid.getMessage() == null ? invalid.toString() : invalid.getMessage();
            throw new GeneratorException("file " + file.getName() + ": " + reason + " (expected: what protoc accepts)");
        }
    }
}
