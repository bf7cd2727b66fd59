package io.peregrine.client.config.json;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Exact numbers from texts and from any {@link Number}. */
final class Decimals {
    /** More than any double needs, and few enough for arithmetic that is quadratic in them. */
    static final int MAX_DIGITS = 100;

    private static final Pattern LITERAL = Pattern.compile("-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]{1,4})?");

    private Decimals() {}

    /** The number, or null if the text is none or is too long. */
    static @Nullable BigDecimal parse(String literal) {
        boolean bounded =
                literal.length() <= MAX_DIGITS && LITERAL.matcher(literal).matches();
        return bounded ? new BigDecimal(literal) : null;
    }

    /** The number, or null if it is infinite or none. Exact, but for doubles and floats, which mean what they print. */
    static @Nullable BigDecimal of(Number number) {
        if (number instanceof BigDecimal decimal) {
            return decimal;
        }
        if (number instanceof BigInteger integer) {
            return new BigDecimal(integer);
        }
        // Numbers of all other kinds, too, print themselves in decimals.
        return parse(number.toString());
    }
}
