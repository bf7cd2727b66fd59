package io.peregrine.discovery.consul;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What to ask Consul for. Immutable.
 *
 * @param service the name of the service; empty only in the defaults that a provider begins with
 * @param tags an instance must have all of these
 * @param datacenter empty for the agent's own
 * @param near the node that instances are sorted by their round trip from, {@code _agent} for the agent's; empty for no
 *     order
 * @param health which instances count
 */
record ServiceQuery(String service, List<String> tags, String datacenter, String near, HealthFilter health) {
    private static final String FORM = "service[/tag=...][/dc=...][/near=...][/health=passing|warning|any]";

    /** Any instance whose checks pass. */
    static final ServiceQuery DEFAULT = new ServiceQuery("", List.of(), "", "", HealthFilter.PASSING);

    /** Copies the list. */
    ServiceQuery {
        tags = List.copyOf(tags);
    }

    /**
     * This query, with what the endpoint of a target says: tags are added, the rest is replaced.
     *
     * @throws IllegalArgumentException if the endpoint is malformed
     */
    ServiceQuery with(String endpoint) {
        String[] segments = endpoint.split("/", -1);
        if (segments[0].isBlank() || segments[0].indexOf('=') >= 0) {
            throw malformed(endpoint);
        }
        ServiceQuery query = new ServiceQuery(segments[0], tags, datacenter, near, health);
        for (int i = 1; i < segments.length; i++) {
            int equals = segments[i].indexOf('=');
            if (equals <= 0 || equals == segments[i].length() - 1) {
                throw malformed(endpoint);
            }
            query = query.with(segments[i].substring(0, equals), segments[i].substring(equals + 1), endpoint);
        }
        return query;
    }

    private ServiceQuery with(String key, String value, String endpoint) {
        return switch (key) {
            case "tag" -> withTag(value);
            case "dc" -> withDatacenter(value);
            case "near" -> withNear(value);
            case "health" -> withHealth(HealthFilter.named(value));
            default -> throw malformed(endpoint);
        };
    }

    ServiceQuery withTag(String tag) {
        List<String> more = new ArrayList<>(tags);
        more.add(tag);
        return new ServiceQuery(service, more, datacenter, near, health);
    }

    ServiceQuery withDatacenter(String name) {
        return new ServiceQuery(service, tags, name, near, health);
    }

    ServiceQuery withNear(String node) {
        return new ServiceQuery(service, tags, datacenter, node, health);
    }

    ServiceQuery withHealth(HealthFilter filter) {
        return new ServiceQuery(service, tags, datacenter, near, filter);
    }

    /** Path and query of the request: it is answered at once without an index, else when the index is exceeded. */
    String path(long index, long waitSeconds) {
        StringBuilder path = new StringBuilder("/v1/health/service/").append(encoded(service));
        char separator = '?';
        if (health == HealthFilter.PASSING) {
            separator = append(path, separator, "passing", "true");
        }
        for (String tag : tags) {
            separator = append(path, separator, "tag", tag);
        }
        separator = append(path, separator, "dc", datacenter);
        separator = append(path, separator, "near", near);
        if (index > 0) {
            separator = append(path, separator, "index", Long.toString(index));
            append(path, separator, "wait", waitSeconds + "s");
        }
        return path.toString();
    }

    private static char append(StringBuilder path, char separator, String key, String value) {
        if (value.isEmpty()) {
            return separator;
        }
        path.append(separator).append(key).append('=').append(encoded(value));
        return '&';
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static IllegalArgumentException malformed(String endpoint) {
        return new IllegalArgumentException("service: \"" + endpoint + "\" (expected: " + FORM + ')');
    }
}
