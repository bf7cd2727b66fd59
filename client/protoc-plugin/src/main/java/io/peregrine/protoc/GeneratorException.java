package io.peregrine.protoc;

/** What is wrong with a request, in one sentence for whoever wrote the .proto or the build file. */
final class GeneratorException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String sentence;

    GeneratorException(String sentence) {
        super(sentence);
        this.sentence = sentence;
    }

    /** What protoc prints. */
    String sentence() {
        return sentence;
    }
}
