package io.peregrine.load.measure;

import java.util.List;

/** gRPC's status codes by number, for arrays indexed by them. */
public final class StatusCodes {
    /** The number of codes. */
    public static final int COUNT = 17;

    /** Success. */
    public static final int OK = 0;

    /** What a failure without a status of its own counts as. */
    public static final int UNKNOWN = 2;

    // In the spelling of grpc-go's status strings, which ghz prints and existing dashboards group by.
    private static final List<String> NAMES = List.of(
            "OK",
            "Canceled",
            "Unknown",
            "InvalidArgument",
            "DeadlineExceeded",
            "NotFound",
            "AlreadyExists",
            "PermissionDenied",
            "ResourceExhausted",
            "FailedPrecondition",
            "Aborted",
            "OutOfRange",
            "Unimplemented",
            "Internal",
            "Unavailable",
            "DataLoss",
            "Unauthenticated");

    private StatusCodes() {}

    /**
     * The name of a code.
     *
     * @throws IndexOutOfBoundsException outside 0..16
     */
    public static String name(int code) {
        return NAMES.get(code);
    }
}
