package io.peregrine.jmh.gate;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** A report in JUnit's XML, which CI servers show: a test case for each comparison. */
final class JunitReport {
    private JunitReport() {}

    static void write(Report report, Path file) throws IOException {
        try (Writer out = Files.newBufferedWriter(file)) {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", "regression gate");
            xml.writeAttribute("tests", String.valueOf(report.comparisons().size()));
            xml.writeAttribute("failures", String.valueOf(report.count(Verdict.REGRESSED)));
            xml.writeAttribute("errors", String.valueOf(report.count(Verdict.UNDECIDED)));
            xml.writeAttribute("skipped", String.valueOf(report.count(Verdict.MISSING) + report.count(Verdict.NEW)));
            for (Comparison comparison : report.comparisons()) {
                write(comparison, xml);
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException("junit: " + file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private static void write(Comparison comparison, XMLStreamWriter xml) throws XMLStreamException {
        BenchmarkId benchmark = comparison.subject().benchmark();
        int method = benchmark.name().lastIndexOf('.');
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", method < 0 ? "" : benchmark.name().substring(0, method));
        xml.writeAttribute(
                "name",
                benchmark.toString().substring(method + 1)
                        + ", " + comparison.subject().metric()
                        + " by " + comparison.subject().calibration().shortName());
        String finding = switch (comparison.verdict()) {
            case REGRESSED -> "failure";
            case UNDECIDED -> "error";
            case MISSING, NEW -> "skipped";
            case UNCHANGED, IMPROVED -> null;
        };
        if (finding != null) {
            xml.writeEmptyElement(finding);
            xml.writeAttribute("message", comparison.reason());
        }
        xml.writeEndElement();
    }
}
