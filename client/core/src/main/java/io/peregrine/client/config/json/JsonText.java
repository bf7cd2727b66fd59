package io.peregrine.client.config.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns JSON text into maps, lists, strings, booleans, {@link BigDecimal}s and nulls, and takes nothing but RFC 8259:
 * no comments, no trailing text. A name that comes twice in an object is an error, since parsers disagree about which
 * of the two counts.
 *
 * <p>The text may come from a name server, so what it can cost is bounded: nesting by {@link #MAX_DEPTH}, which spares
 * the stack, and numbers by their digits, since large ones take quadratic time.
 */
public final class JsonText {
    /** How deep objects and lists may nest; a service config needs 6, and a policy with children twice that. */
    static final int MAX_DEPTH = 64;

    private final JsonReader reader;

    private JsonText(String text) {
        this.reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
    }

    /**
     * Parses a text.
     *
     * @throws ServiceConfigException if it is not JSON, or goes beyond a bound
     */
    public static ConfigValue parse(String text) {
        JsonText json = new JsonText(text);
        try {
            Object value = json.value(0);
            if (json.reader.peek() != JsonToken.END_DOCUMENT) {
                throw new ServiceConfigException("$: text after the end of the JSON value (expected: one JSON value)");
            }
            return ConfigValue.root(value);
        } catch (IOException | IllegalStateException | NumberFormatException malformed) {
            throw new ServiceConfigException(json.path() + ": malformed JSON (expected: RFC 8259)", malformed);
        }
    }

    private @Nullable Object value(int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new ServiceConfigException(
                    path() + ": nested " + depth + " deep (expected: at most " + MAX_DEPTH + ')');
        }
        return switch (reader.peek()) {
            case BEGIN_OBJECT -> object(depth);
            case BEGIN_ARRAY -> list(depth);
            case STRING -> reader.nextString();
            case NUMBER -> number();
            case BOOLEAN -> reader.nextBoolean();
            case NULL -> {
                reader.nextNull();
                yield null;
            }
            case END_ARRAY, END_OBJECT, NAME, END_DOCUMENT ->
                throw new IllegalStateException("token: " + reader.peek() + " (expected: a value)");
        };
    }

    private Map<String, @Nullable Object> object(int depth) throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            if (fields.containsKey(name)) {
                throw new ServiceConfigException(path() + ": given twice (expected: once)");
            }
            fields.put(name, value(depth + 1));
        }
        reader.endObject();
        return fields;
    }

    private List<@Nullable Object> list(int depth) throws IOException {
        List<@Nullable Object> elements = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            elements.add(value(depth + 1));
        }
        reader.endArray();
        return elements;
    }

    private BigDecimal number() throws IOException {
        String path = path();
        String literal = reader.nextString();
        BigDecimal number = Decimals.parse(literal);
        if (number == null) {
            throw new ServiceConfigException(path + ": " + Excerpt.of(literal) + " (expected: a number of at most "
                    + Decimals.MAX_DIGITS + " digits and a sane exponent)");
        }
        return number;
    }

    private String path() {
        return Excerpt.of(reader.getPath());
    }
}
