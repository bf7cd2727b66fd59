package io.peregrine.jmh.inlining;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * What a JVM wrote with {@code -XX:+LogCompilation}, as far as it is about inlining.
 *
 * <p>A {@code task} is one compilation. Its {@code parse} elements nest as the inlined methods do. Before each decision
 * stand the bytecode ({@code bc}) and the {@code call}; a call whose decision was put off comes again as
 * {@code late_inline}, with its place in {@code jvms}. Numbers of methods and classes hold within their task. Of a
 * method that was compiled several times the last compilation counts: the others were thrown away.
 */
final class CompilationLog {
    /** The level is left out for what C2 compiles. */
    private static final Set<String> C1_LEVELS = Set.of("1", "2", "3");

    private final Map<MethodName, Set<Integer>> bytes = new TreeMap<>();
    private final Map<String, Task> lastByRoot = new HashMap<>();

    private CompilationLog() {}

    /** Reads a log whose JVM has ended; it writes the compilers' part at its end. */
    static CompilationLog read(Path file) throws IOException {
        CompilationLog log = new CompilationLog();
        try (InputStream in = Files.newInputStream(file)) {
            XMLStreamReader xml = XMLInputFactory.newFactory().createXMLStreamReader(in);
            while (xml.hasNext()) {
                if (xml.next() == XMLStreamConstants.START_ELEMENT
                        && xml.getLocalName().equals("task")) {
                    log.readTask(xml);
                }
            }
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException(
                    "log: " + file + " is not complete (expected: the log of a JVM that ended by itself): "
                            + e.getMessage(),
                    e);
        }
        return log;
    }

    /** The sizes of the bytecode of all methods that a compiler met, several for overloads. */
    Map<MethodName, Set<Integer>> bytes() {
        return bytes;
    }

    /** The methods that C2 compiled, for themselves or into another. */
    Set<MethodName> compiled() {
        Set<MethodName> compiled = new TreeSet<>();
        lastByRoot.values().forEach(task -> compiled.addAll(task.inlined));
        return compiled;
    }

    /** The calls in our code that C2 did not inline, in all compilations that count. */
    Collection<Refusal> refusals() {
        List<Refusal> refusals = new ArrayList<>();
        lastByRoot.values().forEach(task -> refusals.addAll(task.refusals));
        return refusals;
    }

    private void readTask(XMLStreamReader xml) throws XMLStreamException {
        Task task = new Task();
        String root = xml.getAttributeValue(null, "method") + ' ' + xml.getAttributeValue(null, "osr_bci");
        String level = xml.getAttributeValue(null, "level");
        boolean byC2 = level == null || !C1_LEVELS.contains(level);
        while (xml.hasNext()) {
            int event = xml.next();
            if (event == XMLStreamConstants.START_ELEMENT) {
                task.onStart(xml);
            } else if (event == XMLStreamConstants.END_ELEMENT) {
                if (xml.getLocalName().equals("task")) {
                    break;
                }
                task.onEnd(xml.getLocalName());
            }
        }
        task.sizes.forEach((method, size) ->
                bytes.computeIfAbsent(method, named -> new TreeSet<>()).add(size));
        if (byC2 && task.succeeded) {
            lastByRoot.put(root, task);
        }
    }

    /** One compilation while it is read. */
    private static final class Task {
        private final Map<String, String> classes = new HashMap<>();
        private final Map<String, MethodName> methods = new HashMap<>();
        private final Map<MethodName, Integer> sizes = new HashMap<>();
        private final Set<MethodName> inlined = new HashSet<>();
        private final List<Refusal> refusals = new ArrayList<>();
        private final Deque<MethodName> parsed = new ArrayDeque<>();
        private @Nullable MethodName root;
        private @Nullable MethodName caller;
        private @Nullable MethodName callee;
        private int bytecodeIndex;
        private long calls;
        private boolean placed;
        private boolean succeeded;

        void onStart(XMLStreamReader xml) {
            switch (xml.getLocalName()) {
                case "klass" -> classes.put(text(xml, "id"), text(xml, "name"));
                case "method" -> onMethod(xml);
                case "parse" -> onParse(methods.get(text(xml, "method")));
                case "bc" -> bytecodeIndex = (int) number(xml, "bci");
                case "call" -> onCall(xml);
                case "late_inline" -> onLateInline(xml);
                case "jvms" -> onPlace(xml);
                case "inline_fail" -> onRefusal(text(xml, "reason"));
                case "task_done" -> succeeded = number(xml, "success") == 1;
                default -> {}
            }
        }

        void onEnd(String element) {
            if (element.equals("parse")) {
                parsed.pop();
                caller = parsed.peek();
            }
        }

        private void onMethod(XMLStreamReader xml) {
            MethodName name = new MethodName(classes.getOrDefault(text(xml, "holder"), "?"), text(xml, "name"));
            methods.put(text(xml, "id"), name);
            sizes.put(name, (int) number(xml, "bytes"));
        }

        private void onParse(@Nullable MethodName method) {
            MethodName known = method == null ? new MethodName("?", "?") : method;
            if (root == null) {
                root = known;
            }
            parsed.push(known);
            inlined.add(known);
            caller = known;
        }

        private void onCall(XMLStreamReader xml) {
            callee = methods.get(text(xml, "method"));
            calls = number(xml, "count");
        }

        private void onLateInline(XMLStreamReader xml) {
            callee = methods.get(text(xml, "method"));
            placed = false;
        }

        /** The first is the caller itself, those behind it are its callers. */
        private void onPlace(XMLStreamReader xml) {
            if (!placed) {
                placed = true;
                caller = methods.get(text(xml, "method"));
                bytecodeIndex = (int) number(xml, "bci");
            }
        }

        private void onRefusal(String reason) {
            if (root != null && caller != null && callee != null && caller.isOurs()) {
                int calleeBytes = sizes.getOrDefault(callee, 0);
                refusals.add(new Refusal(caller, bytecodeIndex, callee, calleeBytes, reason, root, calls));
            }
        }

        private static String text(XMLStreamReader xml, String attribute) {
            return String.valueOf(xml.getAttributeValue(null, attribute));
        }

        /** Zero if it is not there. Counts of frequent calls are written as decimal fractions. */
        private static long number(XMLStreamReader xml, String attribute) {
            String text = xml.getAttributeValue(null, attribute);
            return text == null ? 0 : (long) Double.parseDouble(text);
        }
    }
}
