package io.peregrine.client.config.json;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An object of a service config and its JSON path. Who reads it asks for the fields that it knows, and so ignores all
 * others (SPEC SV-1). Immutable.
 */
public final class ConfigObject {
    private final String path;
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    /** Copies the map: one that is sorted, or has no null keys, would throw at a look-up of its own accord. */
    ConfigObject(String path, Map<?, ?> map) {
        this.path = path;
        map.forEach((name, value) -> {
            if (!(name instanceof String text)) {
                throw new ServiceConfigException(
                        path + ": an object with a name that is no string (expected: strings)");
            }
            fields.put(text, value);
        });
    }

    /** An object without fields, whose path is {@code path}. */
    public static ConfigObject empty(String path) {
        return new ConfigObject(path, Map.of());
    }

    /** Where the object is. */
    public String path() {
        return path;
    }

    /** The names of its fields. */
    public Set<String> names() {
        return Set.copyOf(fields.keySet());
    }

    /** The field of that name, which may be absent. */
    public ConfigValue field(String name) {
        return new ConfigValue(path + '.' + Excerpt.of(name), fields.get(name));
    }
}
