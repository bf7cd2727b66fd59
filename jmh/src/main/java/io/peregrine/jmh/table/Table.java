package io.peregrine.jmh.table;

import io.peregrine.jmh.driver.JsonLine;
import io.peregrine.jmh.driver.Statistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Prints the results of the drivers as tables in Markdown. A cell has the median over the runs, and the least and the
 * greatest if they were several. <em>Goal here</em> is the goal times what this machine's floor is to that of the machine
 * where the goal was set. The ratio is our figure to that of grpc-java at its best tuning.
 */
public final class Table {
    private static final String GRPC_JAVA = "grpc-java";
    private static final String GRPC_JAVA_TUNED = "grpc-java-tuned";

    private final ResultSet results;
    private final StringBuilder out = new StringBuilder();

    private Table(ResultSet results) {
        this.results = results;
    }

    /** Prints the tables; the argument is the file with the results. */
    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: Table RESULTS-FILE");
            System.exit(2);
        }
        System.out.print(of(Files.readAllLines(Path.of(args[0]))));
    }

    /** The tables of the given results; rows without a result are left out. */
    static String of(List<String> results) {
        Table table = new Table(new ResultSet(results));
        table.printRows("Unary calls, plaintext", Row.unary());
        table.printRows("Other measures", Row.others());
        table.printSystem();
        return table.out.toString();
    }

    private void printRows(String title, List<Row> rows) {
        out.append("### ").append(title).append("\n\n");
        out.append("| | figure | peregrine | grpc-java | grpc-java, tuned | floor | goal | goal here | ratio |\n");
        out.append("|---|---|---|---|---|---|---|---|---|\n");
        for (Row row : rows) {
            if (!results.runs(row, row.ours(), row.mode()).isEmpty()) {
                row.figures().forEach(figure -> printFigure(row, figure));
            }
        }
        out.append('\n');
    }

    private void printFigure(Row row, Figure figure) {
        List<Double> ours = results.values(row, row.ours(), row.mode(), figure.field());
        List<Double> tuned = results.values(row, GRPC_JAVA_TUNED, row.mode(), figure.field());
        List<Double> floor = results.values(row, row.floor(), row.floorMode(), figure.field());
        cells(
                row.title(),
                figure.label(),
                cell(figure, ours),
                cell(figure, results.values(row, GRPC_JAVA, row.mode(), figure.field())),
                cell(figure, tuned),
                cell(figure, floor),
                figure.goal(),
                goalHere(figure, floor),
                ratio(ours, tuned));
    }

    private static String cell(Figure figure, List<Double> values) {
        if (values.isEmpty()) {
            return "";
        }
        String median = number(Statistics.median(values), figure.digits());
        if (values.size() == 1) {
            return median;
        }
        return median + " (" + number(Statistics.least(values), figure.digits()) + ".."
                + number(Statistics.greatest(values), figure.digits()) + ')';
    }

    private static String goalHere(Figure figure, List<Double> floor) {
        if (Double.isNaN(figure.referenceFloor())
                || floor.isEmpty()
                || figure.goal().isEmpty()) {
            return "";
        }
        double scale = Statistics.median(floor) / figure.referenceFloor();
        return number(Double.parseDouble(figure.goal()) * scale, figure.digits());
    }

    private static String ratio(List<Double> ours, List<Double> tuned) {
        if (ours.isEmpty() || tuned.isEmpty() || Statistics.median(tuned) <= 0) {
            return "";
        }
        return number(Statistics.median(ours) / Statistics.median(tuned), 2);
    }

    private void printSystem() {
        out.append("### Wake-ups and system calls, per call\n\n");
        out.append("| | client | wake-ups | system calls | most frequent |\n|---|---|---|---|---|\n");
        Set<String> printed = new LinkedHashSet<>();
        List<List<Row>> tables = List.of(Row.unary(), Row.others());
        tables.forEach(rows -> rows.forEach(row -> {
            if (printed.add(row.driver() + row.mode() + row.security())) {
                results.peers(row).forEach(peer -> printSystem(row, peer));
            }
        }));
        out.append('\n');
    }

    private void printSystem(Row row, String peer) {
        List<Double> wakeUps = results.values(row, peer, row.mode(), "wakeUps");
        if (wakeUps.isEmpty()) {
            return;
        }
        List<JsonLine> traced = results.runs(row, peer, row.mode()).stream()
                .filter(line -> line.number("systemCalls").isPresent())
                .toList();
        OptionalDouble systemCalls =
                traced.isEmpty() ? OptionalDouble.empty() : traced.get(0).number("systemCalls");
        cells(
                (row.security().equals("tls") ? "TLS, " : "") + row.mode(),
                peer,
                number(Statistics.median(wakeUps), 2),
                systemCalls.isPresent() ? number(systemCalls.getAsDouble(), 2) : "",
                traced.isEmpty() ? "" : traced.get(0).text("systemCallsByName"));
    }

    private void cells(String... cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String number(double number, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", number);
    }
}
