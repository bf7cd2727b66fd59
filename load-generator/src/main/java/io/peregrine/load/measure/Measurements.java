package io.peregrine.load.measure;

import java.util.Map;
import org.HdrHistogram.Histogram;

/** What one run recorded; immutable by convention: nobody writes into the histograms any more. */
public final class Measurements {
    private final long[] callsByStatus;
    private final Histogram response;
    private final Histogram service;
    private final Histogram lag;
    private final Map<String, Long> errorTexts;

    Measurements(
            long[] callsByStatus, Histogram response, Histogram service, Histogram lag, Map<String, Long> errorTexts) {
        this.callsByStatus = callsByStatus;
        this.response = response;
        this.service = service;
        this.lag = lag;
        this.errorTexts = errorTexts;
    }

    /** The number of calls that ended with the status. */
    public long calls(int statusCode) {
        return callsByStatus[statusCode];
    }

    /** The number of calls that ended with OK. */
    public long ok() {
        return callsByStatus[StatusCodes.OK];
    }

    /** The number of calls that ended with any other status. */
    public long failed() {
        long failed = 0;
        for (int code = 1; code < callsByStatus.length; code++) {
            failed += callsByStatus[code];
        }
        return failed;
    }

    /** Times from the intended start, in nanoseconds; empty in a closed loop. */
    public Histogram response() {
        return response;
    }

    /** Times from the actual start, in nanoseconds. */
    public Histogram service() {
        return service;
    }

    /** Actual minus intended start, in nanoseconds; empty in a closed loop. */
    public Histogram lag() {
        return lag;
    }

    /** How often each failure text was seen; the number of distinct texts is bounded. */
    public Map<String, Long> errorTexts() {
        return errorTexts;
    }
}
