package io.peregrine.client;

/** How many messages a call of a method has each way. */
public enum MethodType {
    /** One request, one response. */
    UNARY(true, true),
    /** Any number of requests, one response. */
    CLIENT_STREAMING(false, true),
    /** One request, any number of responses. */
    SERVER_STREAMING(true, false),
    /** Any number of requests and of responses, independent of each other. */
    BIDI_STREAMING(false, false);

    private final boolean oneRequest;
    private final boolean oneResponse;

    MethodType(boolean oneRequest, boolean oneResponse) {
        this.oneRequest = oneRequest;
        this.oneResponse = oneResponse;
    }

    /** Whether a call sends exactly one message. */
    public boolean hasOneRequest() {
        return oneRequest;
    }

    /** Whether a call that succeeds receives exactly one message. */
    public boolean hasOneResponse() {
        return oneResponse;
    }
}
