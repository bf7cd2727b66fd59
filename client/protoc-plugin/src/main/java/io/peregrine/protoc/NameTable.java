package io.peregrine.protoc;

import java.util.HashSet;
import java.util.Set;

/** The names that are taken in one name space of a class. */
final class NameTable {
    private final Set<String> taken = new HashSet<>();

    /** Takes names that nobody gets. */
    NameTable(Set<String> reserved) {
        taken.addAll(reserved);
    }

    /** The name, or, if it is taken or a keyword, the name with as many underscores behind it as make it free; takes it. */
    String take(String wanted) {
        String name = wanted;
        while (JavaNames.isKeyword(name) || !taken.add(name)) {
            name += "_";
        }
        return name;
    }
}
