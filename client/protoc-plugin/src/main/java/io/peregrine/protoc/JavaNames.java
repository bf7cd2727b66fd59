package io.peregrine.protoc;

import java.util.Locale;
import javax.lang.model.SourceVersion;

/**
 * Java's names for what a .proto names. Those of methods are grpc-java's: {@code SayHello} and {@code say_hello} become
 * {@code sayHello}, {@code HTTPGet} becomes {@code hTTPGet}.
 */
final class JavaNames {
    private JavaNames() {}

    /** The name of a method, for {@code SayHello} {@code sayHello}; perhaps a keyword. */
    static String method(String protoName) {
        StringBuilder name = new StringBuilder();
        for (String word : protoName.split("_", -1)) {
            if (!word.isEmpty()) {
                char first = word.charAt(0);
                name.append(name.length() == 0 ? Character.toLowerCase(first) : Character.toUpperCase(first));
                name.append(word, 1, word.length());
            }
        }
        return startable(name);
    }

    /** The name of a constant, for {@code SayHello} {@code SAY_HELLO}, for {@code HTTPGet} {@code HTTP_GET}. */
    static String constant(String protoName) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < protoName.length(); i++) {
            char letter = protoName.charAt(i);
            boolean separator = letter == '_';
            boolean begun = name.length() > 0 && name.charAt(name.length() - 1) != '_';
            if (begun && (separator || beginsWord(protoName, i))) {
                name.append('_');
            }
            if (!separator) {
                name.append(letter);
            }
        }
        if (name.length() > 0 && name.charAt(name.length() - 1) == '_') {
            name.setLength(name.length() - 1);
        }
        return startable(name).toUpperCase(Locale.ROOT);
    }

    /** Whether Java has the word for itself. */
    static boolean isKeyword(String name) {
        return SourceVersion.isKeyword(name, SourceVersion.RELEASE_17);
    }

    /** A capital after a small letter or a digit, or the last one of several before a small letter. */
    private static boolean beginsWord(String name, int index) {
        if (!Character.isUpperCase(name.charAt(index)) || index == 0) {
            return false;
        }
        boolean lowerFollows = index + 1 < name.length() && Character.isLowerCase(name.charAt(index + 1));
        return !Character.isUpperCase(name.charAt(index - 1)) || lowerFollows;
    }

    /** A name in .proto may be underscores alone, or have a digit behind them. */
    private static String startable(StringBuilder name) {
        boolean starts = name.length() > 0 && Character.isJavaIdentifierStart(name.charAt(0));
        return starts ? name.toString() : "_" + name;
    }
}
