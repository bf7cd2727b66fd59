package io.peregrine.protoc;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A comment of a .proto, as Javadoc that says the same: paragraphs stay, lists become lists, and what is fenced or indented
 * by four spaces stays as it is. Nothing in it can end the comment, be taken for a tag or for HTML, or be a Unicode
 * escape.
 */
final class ProtoComment {
    /** How a block begins whose lines must stay as they are. */
    static final String VERBATIM = "<pre>";

    private static final Pattern ITEM = Pattern.compile("\\s*(?:[-*+]|(\\d+)[.)])\\s+(.*)");
    private static final Pattern FENCE = Pattern.compile("\\s*(```|~~~).*");
    private static final String CODE_INDENT = "    ";

    private final List<List<String>> blocks = new ArrayList<>();
    private final List<String> block = new ArrayList<>();
    private Kind kind = Kind.NONE;

    private enum Kind {
        NONE,
        TEXT,
        BULLETS,
        NUMBERS,
        INDENTED,
        FENCED
    }

    private ProtoComment() {}

    /** The blocks, each of one line or more; none if the comment is blank. */
    static List<List<String>> blocks(String comment) {
        ProtoComment parsed = new ProtoComment();
        boolean blankBefore = true;
        for (String line : lines(comment)) {
            parsed.take(line, blankBefore);
            blankBefore = line.isBlank();
        }
        parsed.end();
        return parsed.blocks;
    }

    /** Without the space behind the comment's sign, with spaces for tabs, and without what does not print. */
    private static List<String> lines(String comment) {
        return comment.lines()
                .map(line -> line.replace("\t", CODE_INDENT).stripTrailing())
                .map(line -> line.startsWith(" ") ? line.substring(1) : line)
                .toList();
    }

    private void take(String line, boolean blankBefore) {
        if (FENCE.matcher(line).matches()) {
            boolean closing = kind == Kind.FENCED;
            end();
            kind = closing ? Kind.NONE : Kind.FENCED;
            return;
        }
        if (kind == Kind.FENCED) {
            block.add(escaped(line));
            return;
        }
        if (line.isBlank()) {
            takeBlank();
            return;
        }
        Matcher item = ITEM.matcher(line);
        if (line.startsWith(CODE_INDENT) && (kind == Kind.INDENTED || (blankBefore && !isList()))) {
            begin(Kind.INDENTED);
            block.add(escaped(line.substring(CODE_INDENT.length())));
        } else if (item.matches()) {
            begin(item.group(1) == null ? Kind.BULLETS : Kind.NUMBERS);
            block.add("<li>" + escaped(item.group(2)));
        } else {
            takeText(line, blankBefore);
        }
    }

    private void takeBlank() {
        if (kind == Kind.INDENTED) {
            block.add("");
        } else if (kind == Kind.TEXT) {
            end();
        }
    }

    /** More of the paragraph or of the item, unless a blank line is between a list and a text that is not indented. */
    private void takeText(String line, boolean blankBefore) {
        boolean continuesItem = isList() && (!blankBefore || line.startsWith(" "));
        if (!continuesItem) {
            begin(Kind.TEXT);
        }
        block.add(escaped(line.strip()));
    }

    private boolean isList() {
        return kind == Kind.BULLETS || kind == Kind.NUMBERS;
    }

    private void begin(Kind next) {
        if (kind != next) {
            end();
            kind = next;
        }
    }

    private void end() {
        while (!block.isEmpty() && block.get(block.size() - 1).isBlank()) {
            block.remove(block.size() - 1);
        }
        if (!block.isEmpty()) {
            String tag = switch (kind) {
                case BULLETS -> "ul>";
                case NUMBERS -> "ol>";
                case INDENTED, FENCED -> "pre>";
                case NONE, TEXT -> "";
            };
            if (!tag.isEmpty()) {
                block.add(0, "<" + tag);
                block.add("</" + tag);
            }
            blocks.add(List.copyOf(block));
            block.clear();
        }
        kind = Kind.NONE;
    }

    private static String escaped(String line) {
        StringBuilder escaped = new StringBuilder(line.length());
        line.codePoints().forEach(letter -> {
            switch (letter) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '@' -> escaped.append("&#64;");
                case '\\' -> escaped.append("&#92;");
                case '/' -> escaped.append(endsWith(escaped, '*') ? "&#47;" : "/");
                default -> appendPrintable(escaped, letter);
            }
        });
        return escaped.toString();
    }

    private static boolean endsWith(StringBuilder text, char letter) {
        return text.length() > 0 && text.charAt(text.length() - 1) == letter;
    }

    /** What turns the direction of text or has no width would show another source than the compiler sees. */
    private static void appendPrintable(StringBuilder escaped, int letter) {
        switch (Character.getType(letter)) {
            case Character.CONTROL -> escaped.append(' ');
            case Character.FORMAT -> escaped.append("&#").append(letter).append(';');
            default -> escaped.appendCodePoint(letter);
        }
    }
}
