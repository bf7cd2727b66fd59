package io.peregrine.protoc;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The comments of a file at its services and their methods, as they are in the .proto; empty where there is none. */
final class Comments {
    private final Map<List<Integer>, String> byPath = new HashMap<>();

    /** Those of the file. */
    Comments(FileDescriptor file) {
        for (Location location : file.toProto().getSourceCodeInfo().getLocationList()) {
            String leading = location.getLeadingComments();
            byPath.put(location.getPathList(), leading.isBlank() ? location.getTrailingComments() : leading);
        }
    }

    /** What is before the service, else what is behind its opening brace. */
    String of(ServiceDescriptor service) {
        return byPath.getOrDefault(List.of(FileDescriptorProto.SERVICE_FIELD_NUMBER, service.getIndex()), "");
    }

    /** What is before the method, else what is behind it. */
    String of(MethodDescriptor method) {
        List<Integer> path = List.of(
                FileDescriptorProto.SERVICE_FIELD_NUMBER,
                method.getService().getIndex(),
                ServiceDescriptorProto.METHOD_FIELD_NUMBER,
                method.getIndex());
        return byPath.getOrDefault(path, "");
    }
}
