package io.peregrine.discovery.etcd;

import com.google.protobuf.ByteString;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.JsonText;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.Locality;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * Reads the value of a key: {@code host:port}, or the JSON that etcd's own package for gRPC naming writes, {@code
 * {"Op":0,"Addr":"host:port","Metadata":...}}. Of metadata that is an object, {@code weight}, {@code region}, {@code
 * zone}, {@code sub_zone} and {@code hash_key} count; whatever else an application keeps there is its own.
 */
final class InstanceValue {
    /** The operation of an entry that is about to go. */
    private static final int DELETE = 1;

    private static final Locality NOWHERE = new Locality("", "", "");

    private InstanceValue() {}

    /**
     * Reads a value.
     *
     * @return empty if the value says that the instance is gone
     * @throws IllegalArgumentException if it is malformed
     */
    static Optional<Endpoint> read(ByteString value, int defaultPort) {
        String text = value.toStringUtf8().strip();
        if (!text.startsWith("{")) {
            return Optional.of(Endpoint.of(address(text, defaultPort)));
        }
        ConfigObject entry = JsonText.parse(text).asObject();
        ConfigValue operation = entry.field("Op");
        if (operation.isPresent() && operation.asInt(0) == DELETE) {
            return Optional.empty();
        }
        InetSocketAddress address = address(entry.field("Addr").asString(), defaultPort);
        return Optional.of(new Endpoint(List.of(address), attributes(entry.field("Metadata"))));
    }

    private static InetSocketAddress address(String text, int defaultPort) {
        HostPort parsed = HostPort.parse(text, defaultPort);
        InetAddress literal = HostLookup.literal(parsed.host());
        return literal == null
                ? InetSocketAddress.createUnresolved(parsed.host(), parsed.port())
                : new InetSocketAddress(literal, parsed.port());
    }

    private static Attributes attributes(ConfigValue value) {
        if (!value.isObject()) {
            return Attributes.EMPTY;
        }
        ConfigObject metadata = value.asObject();
        Attributes attributes = Attributes.EMPTY;
        ConfigValue weight = metadata.field("weight");
        if (weight.isPresent()) {
            attributes = attributes.with(Endpoint.WEIGHT, Math.max(1, weight.asInt(0)));
        }
        Locality locality = new Locality(text(metadata, "region"), text(metadata, "zone"), text(metadata, "sub_zone"));
        if (!locality.equals(NOWHERE)) {
            attributes = attributes.with(Endpoint.LOCALITY, locality);
        }
        String hashKey = text(metadata, "hash_key");
        return hashKey.isEmpty() ? attributes : attributes.with(Endpoint.HASH_KEY, hashKey);
    }

    private static String text(ConfigObject metadata, String name) {
        ConfigValue value = metadata.field(name);
        return value.isPresent() ? value.asString() : "";
    }
}
