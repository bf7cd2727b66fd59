package io.peregrine.protoc;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.Buffers;
import io.peregrine.client.ClientConn;
import io.peregrine.transport.io.EventLoops;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;

/** Sources that this JVM's compiler looks at, with every warning on, and of which nothing is kept. */
final class JavaCompilation {
    private JavaCompilation() {}

    /** What the compiler has to say of the sources, by their file names; empty if they are in order. */
    static List<String> complaints(Map<String, String> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        List<JavaFileObject> units = new ArrayList<>();
        sources.forEach((name, text) -> units.add(new Source(name, text)));
        List<String> options = List.of(
                "-Xlint:all",
                "-Xdoclint:all,-missing",
                "-Werror",
                "-proc:none",
                "-Xmaxwarns",
                "1000",
                "-classpath",
                classPath());
        try (StandardJavaFileManager files = compiler.getStandardFileManager(said, null, null)) {
            boolean unused = compiler.getTask(null, new NothingKept(files), said, options, null, units)
                    .call();
        }
        return said.getDiagnostics().stream().map(Object::toString).toList();
    }

    /** Of this JVM only what clients need: the compiler would complain of other entries. */
    private static String classPath() {
        return Stream.of(
                        ClientConn.class,
                        EventLoops.class,
                        Buffers.class,
                        ByteBuf.class,
                        MessageLite.class,
                        NullMarked.class,
                        com.example.quotes.Quote.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                .map(location -> {
                    try {
                        return Path.of(location.toURI()).toString();
                    } catch (URISyntaxException wrong) {
                        throw new AssertionError(wrong);
                    }
                })
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(URI.create("string:///" + name), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class NothingKept extends ForwardingJavaFileManager<JavaFileManager> {
        NothingKept(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("string:///" + className), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return OutputStream.nullOutputStream();
                }
            };
        }
    }
}
