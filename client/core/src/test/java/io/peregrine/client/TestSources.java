package io.peregrine.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The sources of the tests of all modules, by the simple names of their classes: what documents name is in them. */
final class TestSources {
    static final Path REPOSITORY = Path.of("..", "..");

    /** A class and a method, and the cases of it that are meant. */
    private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`((?: \"[^\"]+\")*)");

    private static final Pattern CASE = Pattern.compile("\"[^\"]+\"");

    private final Map<String, String> texts;

    TestSources(Map<String, String> texts) {
        this.texts = texts;
    }

    static TestSources ofAllModules() throws IOException {
        try (Stream<Path> files = Files.walk(REPOSITORY)) {
            return new TestSources(files.filter(TestSources::isTestSource)
                    .collect(Collectors.toMap(TestSources::className, TestSources::read, String::concat)));
        }
    }

    /** A test as a document names it. */
    record Named(String className, String method, String cases) {
        @Override
        public String toString() {
            return className + '.' + method;
        }
    }

    /** The tests that a cell of a table names. */
    static Stream<Named> namedIn(String cell) {
        Matcher tests = TEST.matcher(cell);
        return tests.results().map(test -> new Named(test.group(1), test.group(2), test.group(3)));
    }

    /** What is not there of a test, in a few words each. */
    Stream<String> faultsOf(Named test) {
        String source = texts.get(test.className);
        if (source == null) {
            return Stream.of("no class " + test.className);
        }
        if (!source.contains(declaration(test))) {
            return Stream.of("no method " + test);
        }
        return CASE.matcher(test.cases)
                .results()
                .filter(named -> !source.contains(named.group()))
                .map(missing -> "no case " + missing.group() + " in " + test.className);
    }

    /** What a test says of itself: the Javadoc of its class, and its own Javadoc and annotations; null if it is absent. */
    @Nullable
    String wordsOf(Named test) {
        String source = texts.get(test.className);
        if (source == null || !source.contains(declaration(test))) {
            return null;
        }
        int method = source.indexOf(declaration(test));
        String header = source.substring(0, Math.max(0, source.indexOf("class " + test.className)));
        return header + source.substring(Math.max(0, source.lastIndexOf("\n\n", method)), method);
    }

    private static String declaration(Named test) {
        return "void " + test.method + '(';
    }

    private static boolean isTestSource(Path file) {
        return file.toString().contains(Path.of("src", "test", "java").toString())
                && file.getFileName().toString().endsWith(".java");
    }

    private static String className(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.length() - ".java".length());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
