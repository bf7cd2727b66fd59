package io.peregrine.transport.tls;

/** A version of TLS that HTTP/2 may be spoken over (RFC 9113 section 9.2). There is no name here for older ones. */
public enum TlsVersion {
    /** RFC 5246, with the cipher suites only that RFC 9113 appendix A leaves. */
    TLS_1_2("TLSv1.2"),
    /** RFC 8446. */
    TLS_1_3("TLSv1.3");

    private final String protocol;

    TlsVersion(String protocol) {
        this.protocol = protocol;
    }

    /** Returns the name by which TLS implementations know the version. */
    String protocol() {
        return protocol;
    }
}
