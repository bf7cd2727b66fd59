package io.peregrine.jmh.table;

import io.peregrine.jmh.driver.JsonLine;
import java.util.ArrayList;
import java.util.List;

/** The results of many runs, as the drivers have printed them. */
final class ResultSet {
    /** What an array of bytes takes on the heap beside them, and what its size is a multiple of. */
    private static final int ARRAY_HEADER_BYTES = 16;

    private static final int ALIGNMENT_BYTES = 8;

    private final List<JsonLine> lines = new ArrayList<>();

    /**
     * Reads lines, of which empty ones do not count.
     *
     * @throws IllegalArgumentException if one is not a result
     */
    ResultSet(List<String> text) {
        text.stream().filter(line -> !line.isBlank()).map(JsonLine::parse).forEach(lines::add);
    }

    /** The values of a field, one for each run; none if there was no such run. */
    List<Double> values(Row row, String peer, String mode, String field) {
        List<Double> values = new ArrayList<>();
        for (JsonLine line : runs(row, peer, mode)) {
            line.number(field)
                    .ifPresent(value -> values.add(field.equals("bytes") ? beyondMessage(line, value) : value));
        }
        return values;
    }

    /** The runs of a client, in their order. */
    List<JsonLine> runs(Row row, String peer, String mode) {
        return lines.stream()
                .filter(line -> line.text("driver").equals(row.driver())
                        && line.text("mode").equals(mode)
                        && line.text("security").equals(row.security())
                        && line.text("peer").equals(peer))
                .toList();
    }

    /** All clients that there are results of in the mode of the row, in their order. */
    List<String> peers(Row row) {
        return lines.stream()
                .filter(line -> line.text("driver").equals(row.driver())
                        && line.text("mode").equals(row.mode())
                        && line.text("security").equals(row.security()))
                .map(line -> line.text("peer"))
                .distinct()
                .toList();
    }

    /** Heap bytes, less the array that a received message is; a floor makes none. */
    private static double beyondMessage(JsonLine line, double bytes) {
        double message = line.number("messageBytes").orElse(0);
        if (message == 0 || line.text("peer").equals("floor")) {
            return bytes;
        }
        return bytes - Math.ceil((message + ARRAY_HEADER_BYTES) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
}
