package io.peregrine.protoc;

import java.util.ArrayList;
import java.util.List;

/** A documentation comment while it is put together: paragraphs, lists and verbatim text, then tags. */
final class Javadoc {
    private final List<List<String>> blocks = new ArrayList<>();
    private final List<String> tags = new ArrayList<>();

    /** Adds the comment of a .proto, of which nothing counts as Javadoc or as HTML; nothing if it is blank. */
    Javadoc comment(String comment) {
        blocks.addAll(ProtoComment.blocks(comment));
        return this;
    }

    /** Adds a paragraph, which is Javadoc already. */
    Javadoc paragraph(String javadoc) {
        blocks.add(List.of(javadoc));
        return this;
    }

    /** Adds a tag at the end. */
    Javadoc tag(String javadoc) {
        tags.add(javadoc);
        return this;
    }

    /** The lines, broken between words where they are longer than that. */
    List<String> lines(int columns) {
        List<String> lines = new ArrayList<>();
        for (List<String> block : blocks) {
            boolean text = !block.get(0).startsWith("<");
            String start = "";
            if (!lines.isEmpty()) {
                lines.add("");
                start = text ? "<p>" : "";
            }
            boolean verbatim = block.get(0).startsWith(ProtoComment.VERBATIM);
            for (String line : block) {
                if (verbatim) {
                    lines.add(line);
                } else {
                    wrap(start + line, "", columns, lines);
                }
                start = "";
            }
        }
        if (!lines.isEmpty() && !tags.isEmpty()) {
            lines.add("");
        }
        tags.forEach(tag -> wrap(tag, "    ", columns, lines));
        return lines;
    }

    private static void wrap(String words, String continuation, int columns, List<String> lines) {
        String rest = words;
        while (rest.length() > columns) {
            int space = breakAt(rest, continuation.length(), columns);
            if (space < 0) {
                break;
            }
            lines.add(rest.substring(0, space).stripTrailing());
            rest = continuation + rest.substring(space + 1).stripLeading();
        }
        lines.add(rest);
    }

    /** The last space that leaves the line short enough, else the first one; -1 if there is none. */
    private static int breakAt(String words, int from, int columns) {
        int best = -1;
        boolean insideTag = false;
        for (int i = from; i < words.length() && (best < 0 || i <= columns); i++) {
            char letter = words.charAt(i);
            if (words.startsWith("{@", i)) {
                insideTag = true;
            } else if (letter == '}') {
                insideTag = false;
            } else if (letter == ' ' && !insideTag) {
                best = i;
            }
        }
        return best;
    }
}
