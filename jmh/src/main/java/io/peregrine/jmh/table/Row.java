package io.peregrine.jmh.table;

import java.util.List;

/**
 * One row of a table: which results it is made of.
 *
 * @param title the first column
 * @param driver that made the results
 * @param mode of the results
 * @param security {@code plaintext} or {@code tls}
 * @param ours the client of this project that it is about
 * @param floor the floor beside it, by its peer; empty for none
 * @param floorMode the mode of the floor's results
 * @param figures what it shows
 */
record Row(
        String title,
        String driver,
        String mode,
        String security,
        String ours,
        String floor,
        String floorMode,
        List<Figure> figures) {
    private static final String CALLER_POLLS = "floor";
    private static final String HAND_OFF = "floor-hand-off";
    private static final String PEREGRINE = "peregrine";
    private static final String CALLER_DRIVEN = "peregrine-driven";
    private static final double NO_FLOOR = Double.NaN;

    /** Unary calls over plaintext. */
    static List<Row> unary() {
        return List.of(
                cost("blocking, hand-off", "blocking", PEREGRINE)
                        .beside(HAND_OFF, "blocking")
                        .showing(Figure.cpu("13", 9.7), Figure.p50("16", 13.3), Figure.bytes("200")),
                cost("blocking, caller-driven", "blocking", CALLER_DRIVEN)
                        .beside(CALLER_POLLS, "blocking")
                        .showing(Figure.cpu("6.5", 4.2), Figure.p50("10", 7.9), Figure.bytes("64")),
                asynchronous("1", Figure.cpu("5.5", 4.2), Figure.p50("9.5", 8.0)),
                asynchronous("10", Figure.cpu("1.3", 0.66), Figure.p50("16", NO_FLOOR)),
                asynchronous("100", Figure.cpu("0.9", 0.29), Figure.p50("90", NO_FLOOR)),
                asynchronous("1000", Figure.cpu("1.0", 0.22), Figure.p50("1000", NO_FLOOR)));
    }

    /** Everything else. */
    static List<Row> others() {
        return List.of(
                cost("ping-pong, on the loop", "ping-pong-loop", PEREGRINE)
                        .beside(CALLER_POLLS, "1")
                        .showing(Figure.cpu("5.0", 4.2), Figure.p50("8.8", 7.9), Figure.bytes("0")),
                cost("ping-pong, from a thread, hand-off", "ping-pong-thread", PEREGRINE)
                        .beside(HAND_OFF, "blocking")
                        .showing(Figure.cpu("", NO_FLOOR), Figure.p50("", NO_FLOOR), Figure.bytes("")),
                cost("ping-pong, from a thread, caller-driven", "ping-pong-thread", CALLER_DRIVEN)
                        .beside(CALLER_POLLS, "blocking")
                        .showing(Figure.cpu("5.5", 4.2), Figure.p50("9", 7.9), Figure.bytes("0")),
                received("server streaming, 1 KiB", "receive-1024", "0.3", NO_FLOOR),
                received("server streaming, 64 KiB", "receive-65536", "12", 8),
                cost("TLS, blocking, hand-off", "blocking", PEREGRINE)
                        .overTls()
                        .showing(Figure.cpu("", NO_FLOOR), Figure.p50("", NO_FLOOR), Figure.bytes("")),
                cost("TLS, blocking, caller-driven", "blocking", CALLER_DRIVEN)
                        .overTls()
                        .showing(Figure.cpu("11", NO_FLOOR), Figure.p50("15", NO_FLOOR), Figure.bytes("")),
                cost("TLS, async, 100", "100", PEREGRINE)
                        .overTls()
                        .showing(Figure.cpu("1.5", NO_FLOOR), Figure.p50("", NO_FLOOR), Figure.bytes("")),
                openLoop("open loop 2 000/s, calls started", "async", PEREGRINE),
                openLoop("open loop 2 000/s, calls made, hand-off", "blocking", PEREGRINE),
                openLoop("open loop 2 000/s, calls made, caller-driven", "blocking", CALLER_DRIVEN),
                cost("16 blocking threads, hand-off", "blocking-16", PEREGRINE)
                        .showing(Figure.cpu("5", NO_FLOOR), Figure.p50("90", NO_FLOOR), Figure.bytes("")),
                cost("16 blocking threads, caller-driven", "blocking-16", CALLER_DRIVEN)
                        .showing(Figure.cpu("5", NO_FLOOR), Figure.p50("90", NO_FLOOR), Figure.bytes("")),
                cost("callbacks on an executor, async, 100", "executor-100", PEREGRINE)
                        .showing(Figure.cpu("3", NO_FLOOR), Figure.p50("", NO_FLOOR), Figure.bytes("")),
                started("`build()` to first response, warm JVM", "warm", "0.3"),
                started("the same, TLS", "warm", "1.1").overTls(),
                started("the same, TLS, credentials shared", "warm-shared", "").overTls(),
                started("first call in a JVM", "first", "250"),
                started("first call in a JVM, TLS", "first", "").overTls(),
                picked("pick, one thread", "one-thread"),
                picked("pick, each of two threads", "two-threads"),
                idle("idle connection"),
                idle("idle connection, TLS").overTls());
    }

    private static Row asynchronous(String outstanding, Figure cpu, Figure p50) {
        return cost("async, " + outstanding, outstanding, PEREGRINE)
                .beside(CALLER_POLLS, outstanding)
                .showing(cpu, p50, Figure.bytes("0"));
    }

    private static Row received(String title, String mode, String goal, double referenceFloor) {
        return cost(title, mode, PEREGRINE)
                .beside(CALLER_POLLS, mode)
                .showing(
                        Figure.cpu(goal, referenceFloor),
                        Figure.of("bytes", "heap bytes beyond the message", 0, "0"),
                        Figure.of("callsPerSecond", "messages/s", 0, ""));
    }

    private static Row openLoop(String title, String mode, String ours) {
        return row("OpenLoop", title, mode, ours)
                .showing(
                        Figure.of("p50Us", "p50 µs", 1, "ahead"),
                        Figure.of("p99Us", "p99 µs", 1, "ahead"),
                        Figure.of("p999Us", "p99.9 µs", 1, "half of grpc-java's"));
    }

    private static Row started(String title, String mode, String goal) {
        return row("StartTime", title, mode, PEREGRINE).showing(Figure.of("ms", "ms", 2, goal));
    }

    private static Row picked(String title, String mode) {
        return row("PickCost", title, mode, PEREGRINE)
                .showing(Figure.of("ns", "ns", 1, "10"), Figure.of("bytes", "heap bytes", 0, "0"));
    }

    private static Row idle(String title) {
        return row("IdleMemory", title, "idle", PEREGRINE)
                .showing(
                        Figure.of("bytes", "direct + heap bytes", 0, "half of grpc-java's"),
                        Figure.of("heapBytes", "heap bytes", 0, ""),
                        Figure.of("directBytes", "direct bytes", 0, ""),
                        Figure.of("residentBytes", "resident bytes", 0, ""));
    }

    private static Row cost(String title, String mode, String ours) {
        return row("CpuPerCall", title, mode, ours);
    }

    private static Row row(String driver, String title, String mode, String ours) {
        return new Row(title, driver, mode, "plaintext", ours, "", "", List.of());
    }

    private Row beside(String newFloor, String newFloorMode) {
        return new Row(title, driver, mode, security, ours, newFloor, newFloorMode, figures);
    }

    private Row overTls() {
        return new Row(title, driver, mode, "tls", ours, floor, floorMode, figures);
    }

    private Row showing(Figure... newFigures) {
        return new Row(title, driver, mode, security, ours, floor, floorMode, List.of(newFigures));
    }
}
