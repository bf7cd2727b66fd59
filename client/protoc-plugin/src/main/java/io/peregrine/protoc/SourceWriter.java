package io.peregrine.protoc;

import java.util.List;

/**
 * Lines of Java source: four spaces for each level, at most 120 columns where the words allow it, and lists that are too
 * long for their line on the next ones.
 */
final class SourceWriter {
    /** The columns of a line. */
    static final int COLUMNS = 120;

    private static final String LEVEL = "    ";
    private static final String CONTINUATION = LEVEL + LEVEL;

    private final StringBuilder text = new StringBuilder();
    private String indent = "";

    /** A line without anything. */
    void blank() {
        text.append('\n');
    }

    /** A line. */
    void line(String line) {
        text.append(indent).append(line).append('\n');
    }

    /** A line with a brace at its end; what follows is inside of it. */
    void open(String line) {
        line(line);
        indent += LEVEL;
    }

    /** The brace that ends what {@link #open} began. */
    void close() {
        indent = indent.substring(LEVEL.length());
        line("}");
    }

    /**
     * What is in parentheses, with what is around them: on one line if it fits, else the items on the next line, else each
     * on its own.
     */
    void list(String before, List<String> items, String after) {
        String joined = String.join(", ", items);
        if (fits(indent + before + joined + after)) {
            line(before + joined + after);
        } else if (fits(indent + CONTINUATION + joined + after)) {
            line(before);
            line(CONTINUATION + joined + after);
        } else {
            line(before);
            for (int i = 0; i < items.size(); i++) {
                line(CONTINUATION + items.get(i) + (i < items.size() - 1 ? "," : after));
            }
        }
    }

    /** A field and the call that makes its value, as {@link #list}; the call on the next line if it cannot begin here. */
    void assignment(String declared, String call, List<String> arguments, String after) {
        if (fits(indent + declared + ' ' + call)) {
            list(declared + ' ' + call, arguments, after);
            return;
        }
        line(declared);
        String outer = indent;
        indent += CONTINUATION;
        list(call, arguments, after);
        indent = outer;
    }

    /** As {@link #list}, and what follows is inside of a brace at its end. */
    void openList(String before, List<String> items, String after) {
        list(before, items, after);
        indent += LEVEL;
    }

    /** A documentation comment. */
    void javadoc(Javadoc javadoc) {
        List<String> lines = javadoc.lines(COLUMNS - indent.length() - " * ".length());
        String only = "/** " + (lines.isEmpty() ? "" : lines.get(0)) + " */";
        if (lines.size() == 1 && fits(indent + only)) {
            line(only);
            return;
        }
        line("/**");
        for (String line : lines) {
            line(line.isEmpty() ? " *" : " * " + line);
        }
        line(" */");
    }

    private static boolean fits(String line) {
        return line.length() <= COLUMNS;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
