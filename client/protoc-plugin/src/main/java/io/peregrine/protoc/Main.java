package io.peregrine.protoc;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * What protoc starts: it writes a {@code CodeGeneratorRequest} to standard input, and reads a
 * {@code CodeGeneratorResponse} from standard output. What is wrong with the request is said in the response, which protoc
 * prints; the exit code is 0 then too, as protoc wants it.
 */
public final class Main {
    private Main() {}

    /**
     * Reads a request, writes the response, ends.
     *
     * @param args none
     * @throws IOException if protoc closed a pipe
     */
    public static void main(String[] args) throws IOException {
        OutputStream out = new BufferedOutputStream(System.out);
        Generator.respond(System.in).writeTo(out);
        out.flush();
    }
}
