package io.peregrine.jmh.gate;

/** The input does not allow a judgement; the message is the one sentence that is printed, and the exit code is 2. */
final class UnusableInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableInputException(String message) {
        super(message);
    }

    UnusableInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
