package io.peregrine.protoc;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.GeneratorNames;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The classes that protoc's own generator makes of messages. Their names are those that the protobuf library gives
 * ({@link GeneratorNames}), so that options, editions and collisions count as they do there.
 */
final class MessageClasses {
    /** What each class of a file stands for, by the class. */
    private final Map<String, String> origins = new TreeMap<>();

    /** Of the outermost classes of these files. */
    MessageClasses(Collection<FileDescriptor> files) {
        for (FileDescriptor file : files) {
            String packageName = GeneratorNames.getFileJavaPackage(file);
            put(packageName, GeneratorNames.getFileClassName(file), "the outer class of " + file.getName());
            for (Descriptor message : file.getMessageTypes()) {
                if (!GeneratorNames.getNestInFileClass(message)) {
                    put(packageName, message.getName(), "message " + message.getFullName());
                    put(packageName, message.getName() + "OrBuilder", "message " + message.getFullName());
                }
            }
            for (EnumDescriptor type : file.getEnumTypes()) {
                if (!GeneratorNames.getNestInFileClass(type)) {
                    put(packageName, type.getName(), "enum " + type.getFullName());
                }
            }
        }
    }

    private void put(String packageName, String name, String origin) {
        origins.put(JavaType.of(packageName, name).qualifiedName(), origin);
    }

    /** What the outermost class is made of, for a message to people; null if it is none of the files'. */
    @Nullable
    String origin(JavaType type) {
        return origins.get(type.qualifiedName());
    }

    /** Whether that is an outermost class of the files. */
    boolean contains(String packageName, String name) {
        return origins.containsKey(JavaType.of(packageName, name).qualifiedName());
    }

    /** The class of a message. */
    static JavaType of(Descriptor message) {
        String packageName = GeneratorNames.getFileJavaPackage(message.getFile());
        String className = GeneratorNames.getBytecodeClassName(message);
        String withoutPackage = packageName.isEmpty() ? className : className.substring(packageName.length() + 1);
        return new JavaType(packageName, List.of(withoutPackage.split("\\$")));
    }

    /** Whether who names the class names a deprecated one: that of the message, or one around it. */
    static boolean isDeprecated(Descriptor message) {
        for (Descriptor each = message; each != null; each = each.getContainingType()) {
            if (each.getOptions().getDeprecated()) {
                return true;
            }
        }
        return message.getFile().getOptions().getDeprecated();
    }

    /** The names that a field of a class must not have if it is to name these classes in an expression. */
    static void addObscurable(JavaType type, Set<String> names) {
        names.add(type.topLevel());
        if (!type.packageName().isEmpty()) {
            names.add(type.packageName().split("\\.", 2)[0]);
        }
    }
}
