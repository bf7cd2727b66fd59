package io.peregrine.load.serve;

/** What the server tells its connections. */
enum ServerEvent {
    /** Say GOAWAY and close. */
    SHUT_DOWN
}
