package io.peregrine.client.resolver;

/**
 * Where a server is, from the large to the small. Immutable.
 *
 * @param region for example {@code eu-central-1}; empty if not known
 * @param zone for example {@code eu-central-1a}; empty if not known
 * @param subZone for example a rack; empty if not known
 */
public record Locality(String region, String zone, String subZone) {
    /** A zone of which nothing else is known. */
    public static Locality ofZone(String zone) {
        return new Locality("", zone, "");
    }
}
