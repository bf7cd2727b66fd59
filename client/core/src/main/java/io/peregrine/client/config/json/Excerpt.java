package io.peregrine.client.config.json;

/** Foreign text on one line of a message, and not much of it. */
final class Excerpt {
    /** Shows a path of this schema in full, and keeps a message readable in a log. */
    private static final int MAX_CHARS = 120;

    private Excerpt() {}

    static String of(String text) {
        int shown = Math.min(text.length(), MAX_CHARS);
        StringBuilder excerpt = new StringBuilder(shown + 3);
        for (int index = 0; index < shown; index++) {
            char letter = text.charAt(index);
            excerpt.append(isHarmless(letter) ? letter : '?');
        }
        return shown == text.length()
                ? excerpt.toString()
                : excerpt.append("...").toString();
    }

    /** Neither ends a line nor turns the direction of the text around it. */
    private static boolean isHarmless(char letter) {
        return switch (Character.getType(letter)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
