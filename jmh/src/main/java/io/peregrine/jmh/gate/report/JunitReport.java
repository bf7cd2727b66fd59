package io.peregrine.jmh.gate.report;

import io.peregrine.jmh.gate.judgement.Comparison;
import io.peregrine.jmh.gate.judgement.Verdict;
import io.peregrine.jmh.gate.results.BenchmarkId;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.jspecify.annotations.Nullable;

/** A report in JUnit's XML, which CI servers show: a test case for each comparison. */
public final class JunitReport {
    private JunitReport() {}

    /** Writes the file. */
    public static void write(Report report, Path file) throws IOException {
        Set<Verdict> skipped = EnumSet.of(Verdict.MISSING, Verdict.NEW);
        skipped.removeAll(report.failures());
        try (Writer out = Files.newBufferedWriter(file)) {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", "regression gate");
            xml.writeAttribute("tests", String.valueOf(report.comparisons().size()));
            xml.writeAttribute("failures", String.valueOf(report.count(report.failures())));
            xml.writeAttribute("errors", String.valueOf(report.count(Verdict.UNDECIDED)));
            xml.writeAttribute("skipped", String.valueOf(report.count(skipped)));
            for (Comparison comparison : report.comparisons()) {
                write(comparison, report.failures(), xml);
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException("junit: " + file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private static void write(Comparison comparison, Set<Verdict> failures, XMLStreamWriter xml)
            throws XMLStreamException {
        BenchmarkId benchmark = comparison.subject().benchmark();
        int method = benchmark.name().lastIndexOf('.');
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", method < 0 ? "" : benchmark.name().substring(0, method));
        xml.writeAttribute(
                "name",
                benchmark.toString().substring(method + 1)
                        + ", " + comparison.subject().metric()
                        + " by " + comparison.subject().calibration().shortName());
        String finding = failures.contains(comparison.verdict()) ? "failure" : findingOf(comparison.verdict());
        if (finding != null) {
            xml.writeEmptyElement(finding);
            xml.writeAttribute("message", comparison.reason());
        }
        xml.writeEndElement();
    }

    /** How JUnit calls a verdict that nobody counts as a failure. */
    private static @Nullable String findingOf(Verdict verdict) {
        return switch (verdict) {
            case UNDECIDED -> "error";
            case MISSING, NEW -> "skipped";
            case REGRESSED, UNCHANGED, IMPROVED -> null;
        };
    }
}
