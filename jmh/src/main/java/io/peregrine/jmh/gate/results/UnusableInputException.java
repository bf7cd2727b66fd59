package io.peregrine.jmh.gate.results;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** The input does not allow a judgement; the message is the one sentence that is printed, and the exit code is 2. */
public final class UnusableInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Refuses what was read or asked for. */
    public UnusableInputException(String message) {
        super(message);
    }

    /** Refuses what could not be read. */
    public UnusableInputException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Why a file cannot be read, on one line. */
    public static String reasonOf(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "access denied";
        }
        String message = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
        return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
