package io.peregrine.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A guide of docs/guides, whose snippets are lines of a test: so what it shows compiles and runs. Indentation does not
 * count.
 */
public final class Guide {
    private final String text;

    Guide(String text) {
        this.text = text;
    }

    /** The guide in that file of docs/guides. */
    public static Guide named(String file) {
        return new Guide(read(directory().resolve(file)));
    }

    /** The fenced blocks of a language, in the order of the guide. */
    public List<String> snippets(String language) {
        return Pattern.compile("```" + Pattern.quote(language) + "\n(.*?)```", Pattern.DOTALL)
                .matcher(text)
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    /** What is under a heading of the second level, up to the next one; empty if there is none of that name. */
    public String section(String heading) {
        return Pattern.compile(
                        "^## " + Pattern.quote(heading) + "\n(.*?)(?=^## |\\z)", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .findFirst()
                .orElse("");
    }

    /** The lines of a top-level test class of the module that is tested, without their indentation. */
    public static List<String> sourceOf(Class<?> test) {
        return lines(read(Path.of("src", "test", "java").resolve(test.getName().replace('.', '/') + ".java")));
    }

    /** The lines of a snippet, without their indentation. */
    public static List<String> lines(String snippet) {
        return snippet.lines().map(String::strip).toList();
    }

    /** Tests run in the directory of their module, which is somewhere in the repository. */
    private static Path directory() {
        Path module = Path.of("").toAbsolutePath();
        for (Path folder = module; folder != null; folder = folder.getParent()) {
            Path guides = folder.resolve("docs").resolve("guides");
            if (Files.isDirectory(guides)) {
                return guides;
            }
        }
        throw new IllegalStateException("directory: " + module + " (expected: one in a folder with docs/guides)");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
