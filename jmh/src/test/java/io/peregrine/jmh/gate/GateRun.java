package io.peregrine.jmh.gate;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One execution of the command line in this process, and what it printed. */
record GateRun(int exitCode, String out, String err) {
    static GateRun of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = RegressionGate.execute(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new GateRun(exitCode, out.toString(), err.toString());
    }
}
