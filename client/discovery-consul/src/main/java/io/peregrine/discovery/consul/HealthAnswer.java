package io.peregrine.discovery.consul;

import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.JsonText;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.Locality;
import io.peregrine.client.resolver.registry.Instances;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * Reads what {@code /v1/health/service} answers: a list of instances with their node and their checks.
 *
 * <p>An instance's address is that of its service, or of its node where the service has none; its weight is the one for
 * its health. Its zone is the {@code Locality} of the service or the node, or else what their metadata says under
 * {@code region}, {@code zone} and {@code sub_zone}; the region is the datacenter if nothing else is known.
 */
final class HealthAnswer {
    private static final int MAX_PORT = 65_535;

    private HealthAnswer() {}

    /**
     * Reads a body.
     *
     * @throws ServiceConfigException if it is not a list in JSON; an entry that is wrong is counted as unusable
     */
    static Instances read(byte[] body, HealthFilter filter) {
        Instances instances = new Instances();
        for (ConfigValue entry :
                JsonText.parse(new String(body, StandardCharsets.UTF_8)).asList()) {
            try {
                ConfigObject instance = entry.asObject();
                String worst = worstStatus(instance.field("Checks"));
                if (filter.admits(worst)) {
                    instances.add(endpoint(instance, worst));
                }
            } catch (ServiceConfigException wrong) {
                instances.addUnusable(Objects.toString(wrong.getMessage()));
            }
        }
        return instances;
    }

    private static Endpoint endpoint(ConfigObject instance, String worst) {
        ConfigObject service = instance.field("Service").asObject();
        ConfigObject node = objectOrEmpty(instance.field("Node"));
        Attributes attributes = Attributes.EMPTY
                .with(Endpoint.WEIGHT, weight(objectOrEmpty(service.field("Weights")), worst))
                .with(Endpoint.LOCALITY, locality(service, node));
        return new Endpoint(List.of(address(service, node)), attributes);
    }

    private static InetSocketAddress address(ConfigObject service, ConfigObject node) {
        String host = stringOrEmpty(service.field("Address"));
        if (host.isEmpty()) {
            host = node.field("Address").asString();
        }
        ConfigValue port = service.field("Port");
        int number = port.asInt(1, "a port from 1 to 65535");
        if (number > MAX_PORT) {
            throw port.wrong("a port from 1 to 65535");
        }
        if (host.isBlank()) {
            throw node.field("Address").wrong("an address or a name");
        }
        InetAddress literal = HostLookup.literal(host);
        return literal == null
                ? InetSocketAddress.createUnresolved(host, number)
                : new InetSocketAddress(literal, number);
    }

    private static int weight(ConfigObject weights, String worst) {
        ConfigValue weight = weights.field(worst.equals("warning") ? "Warning" : "Passing");
        return weight.isPresent() ? Math.max(1, weight.asInt(0)) : 1;
    }

    private static Locality locality(ConfigObject service, ConfigObject node) {
        ConfigObject known = objectOrEmpty(
                service.field("Locality").isPresent() ? service.field("Locality") : node.field("Locality"));
        ConfigObject ofService = objectOrEmpty(service.field("Meta"));
        ConfigObject ofNode = objectOrEmpty(node.field("Meta"));
        return new Locality(
                firstOf(
                        known.field("Region"),
                        ofService.field("region"),
                        ofNode.field("region"),
                        node.field("Datacenter")),
                firstOf(known.field("Zone"), ofService.field("zone"), ofNode.field("zone")),
                firstOf(ofService.field("sub_zone"), ofNode.field("sub_zone")));
    }

    private static String firstOf(ConfigValue... values) {
        for (ConfigValue value : values) {
            String text = stringOrEmpty(value);
            if (!text.isEmpty()) {
                return text;
            }
        }
        return "";
    }

    private static String worstStatus(ConfigValue checks) {
        String worst = "passing";
        if (checks.isPresent()) {
            for (ConfigValue check : checks.asList()) {
                String status = stringOrEmpty(check.asObject().field("Status"));
                if (status.equals("critical")) {
                    return status;
                }
                if (status.equals("warning")) {
                    worst = status;
                }
            }
        }
        return worst;
    }

    private static ConfigObject objectOrEmpty(ConfigValue value) {
        return value.isPresent() ? value.asObject() : ConfigObject.empty("");
    }

    private static String stringOrEmpty(ConfigValue value) {
        return value.isPresent() ? value.asString() : "";
    }
}
