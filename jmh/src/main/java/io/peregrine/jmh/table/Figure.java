package io.peregrine.jmh.table;

/**
 * One figure of a row.
 *
 * @param field its name in a result
 * @param label its name in a table, with the unit
 * @param digits after the point
 * @param goal what it is to be at most, as text; empty for none
 * @param referenceFloor the floor on the machine that the goal was set on, to scale the goal by; NaN if there is none
 */
record Figure(String field, String label, int digits, String goal, double referenceFloor) {
    /** CPU time per call. */
    static Figure cpu(String goal, double referenceFloor) {
        return new Figure("cpuUs", "CPU µs", 2, goal, referenceFloor);
    }

    /** The median latency. */
    static Figure p50(String goal, double referenceFloor) {
        return new Figure("p50Us", "p50 µs", 1, goal, referenceFloor);
    }

    /** Heap per call; without the message's array, if the message came from the server. */
    static Figure bytes(String goal) {
        return new Figure("bytes", "heap bytes", 0, goal, Double.NaN);
    }

    /** A figure whose goal does not depend on the machine's floor. */
    static Figure of(String field, String label, int digits, String goal) {
        return new Figure(field, label, digits, goal, Double.NaN);
    }
}
