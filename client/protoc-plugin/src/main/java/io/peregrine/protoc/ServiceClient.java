package io.peregrine.protoc;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.GeneratorNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A service, and the names that its client has in Java.
 *
 * @param service the service
 * @param type the class of its client
 * @param connField the field with the channel
 * @param optionsField the field with the options of all calls
 * @param methods in the order of the .proto
 */
record ServiceClient(
        ServiceDescriptor service, JavaType type, String connField, String optionsField, List<ServiceMethod> methods) {

    /** The constant with the full name of the service. */
    static final String NAME_CONSTANT = "SERVICE_NAME";

    /** Methods of every client, and of every object: a call without parameters would be one of them. */
    private static final Set<String> RESERVED_METHODS = Set.of(
            "conn",
            "options",
            "withOptions",
            "withDeadline",
            "withDeadlineAfter",
            "clone",
            "equals",
            "finalize",
            "getClass",
            "hashCode",
            "notify",
            "notifyAll",
            "toString",
            "wait");

    ServiceClient {
        methods = List.copyOf(methods);
    }

    /**
     * Names what the client has.
     *
     * @throws GeneratorException if a message has the name of the client, or two methods would have the same name
     */
    static ServiceClient of(ServiceDescriptor service, Parameters parameters, MessageClasses messages) {
        String packageName = GeneratorNames.getFileJavaPackage(service.getFile());
        JavaType type = JavaType.of(packageName, service.getName() + parameters.suffix());
        String origin = messages.origin(type);
        if (origin != null) {
            throw new GeneratorException("service " + service.getFullName() + ": its client is the class "
                    + type.qualifiedName() + ", and so is " + origin + " (expected: another parameter suffix than "
                    + parameters.suffix() + ")");
        }
        Set<String> obscurable = new HashSet<>();
        for (MethodDescriptor method : service.getMethods()) {
            MessageClasses.addObscurable(messageClass(method.getInputType(), type), obscurable);
            MessageClasses.addObscurable(messageClass(method.getOutputType(), type), obscurable);
        }
        NameTable fields = new NameTable(obscurable);
        fields.take(NAME_CONSTANT);
        String conn = fields.take("conn");
        String options = fields.take("options");
        return new ServiceClient(service, type, conn, options, methods(service, type, fields));
    }

    private static List<ServiceMethod> methods(ServiceDescriptor service, JavaType client, NameTable fields) {
        requireDistinct(service);
        NameTable names = new NameTable(RESERVED_METHODS);
        List<String> blocking = new ArrayList<>();
        for (MethodDescriptor method : service.getMethods()) {
            blocking.add(names.take(JavaNames.method(method.getName())));
        }
        // After all of these, so that a method Get keeps out of the way of a method GetAsync.
        List<ServiceMethod> methods = new ArrayList<>();
        for (MethodDescriptor method : service.getMethods()) {
            String name = blocking.get(methods.size());
            methods.add(new ServiceMethod(
                    method,
                    fields.take(JavaNames.constant(method.getName())),
                    name,
                    names.take(name + "Async"),
                    names.take(name + "Future"),
                    names.take(name + "Flow"),
                    messageClass(method.getInputType(), client),
                    messageClass(method.getOutputType(), client)));
        }
        return methods;
    }

    private static void requireDistinct(ServiceDescriptor service) {
        Map<String, String> methods = new HashMap<>();
        Map<String, String> constants = new HashMap<>();
        for (MethodDescriptor method : service.getMethods()) {
            requireNew(service, method, JavaNames.method(method.getName()), methods);
            requireNew(service, method, JavaNames.constant(method.getName()), constants);
        }
    }

    private static void requireNew(
            ServiceDescriptor service, MethodDescriptor method, String javaName, Map<String, String> others) {
        String other = others.put(javaName, method.getName());
        if (other != null) {
            throw new GeneratorException("service " + service.getFullName() + ": methods " + other + " and "
                    + method.getName() + " are both " + javaName
                    + " in Java (expected: names that differ in more than case and underscores)");
        }
    }

    private static JavaType messageClass(Descriptor message, JavaType client) {
        JavaType type = MessageClasses.of(message);
        if (type.packageName().isEmpty() && !client.packageName().isEmpty()) {
            throw new GeneratorException(
                    "message " + message.getFullName() + ": its class is in the unnamed package, and "
                            + client.qualifiedName() + " cannot name it (expected: a java_package in "
                            + message.getFile().getName() + ")");
        }
        return type;
    }
}
