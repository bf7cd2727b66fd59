package io.peregrine.client.resolver.dns;

import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.JsonText;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.HostLookup;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The service configs that TXT records offer, and the one for this client (gRFC A2, SPEC DN-8, DN-9). Where a percentage
 * of the clients is wanted, a resolver belongs to it or not for as long as it lives: a client that changed sides at
 * each look-up would be no canary. Safe for use by several threads.
 */
final class ServiceConfigChoices {
    private static final String PREFIX = "grpc_config=";
    private static final String LANGUAGE = "java";
    private static final int ALL_PERCENT = 100;
    private static final Set<String> FIELDS =
            Set.of("clientLanguage", "percentage", "clientHostname", "clientHostName", "serviceConfig");

    private final int percentile;
    private final Supplier<CompletableFuture<String>> hostName;

    ServiceConfigChoices(RandomGenerator random) {
        this(random.nextInt(ALL_PERCENT), HostLookup::localName);
    }

    /** {@code percentile} is 0..99: percentages above it mean this client. */
    ServiceConfigChoices(int percentile, Supplier<CompletableFuture<String>> hostName) {
        this.percentile = percentile;
        this.hostName = hostName;
    }

    /**
     * The first choice of all records that is for this client; null if there is none. Records of other purposes are
     * skipped; one that is malformed makes a wrong config.
     */
    CompletableFuture<@Nullable ServiceConfigSource> choose(List<String> records) {
        List<String> configs = records.stream()
                .filter(record -> record.startsWith(PREFIX))
                .map(record -> record.substring(PREFIX.length()))
                .toList();
        return configs.isEmpty()
                ? CompletableFuture.completedFuture(null)
                : hostName.get().thenApply(name -> choose(configs, name));
    }

    private @Nullable ServiceConfigSource choose(List<String> configs, String name) {
        try {
            ConfigValue chosen = null;
            for (String config : configs) {
                for (ConfigValue element : JsonText.parse(config).asList()) {
                    ConfigValue offered = offered(element.asObject(), name);
                    chosen = chosen == null ? offered : chosen;
                }
            }
            return chosen == null ? null : ServiceConfigSource.json(chosen);
        } catch (ServiceConfigException malformed) {
            return ServiceConfigSource.wrong("TXT record: " + malformed.getMessage());
        }
    }

    /** The config of a choice; null if it is for others. What is malformed is so for all. */
    private @Nullable ConfigValue offered(ConfigObject choice, String name) {
        for (String field : choice.names()) {
            if (!FIELDS.contains(field)) {
                throw new ServiceConfigException(choice.path() + "." + field
                        + ": unknown (expected: clientLanguage, percentage, clientHostname or serviceConfig)");
            }
        }
        ConfigValue config = choice.field("serviceConfig");
        Object unused = config.asObject();
        // Each is read, whatever the others say.
        boolean language = isAmong(choice.field("clientLanguage"), LANGUAGE, true);
        boolean host = isAmong(choice.field("clientHostname"), name, false);
        boolean hostAsGoSpellsIt = isAmong(choice.field("clientHostName"), name, false);
        boolean drawn = isInPercentage(choice.field("percentage"));
        return language && host && hostAsGoSpellsIt && drawn ? config : null;
    }

    /** A condition that is absent holds. */
    private static boolean isAmong(ConfigValue listed, String wanted, boolean anyCase) {
        if (!listed.isPresent()) {
            return true;
        }
        boolean found = false;
        for (ConfigValue element : listed.asList()) {
            String text = element.asString();
            found |= anyCase ? text.equalsIgnoreCase(wanted) : text.equals(wanted);
        }
        return found;
    }

    private boolean isInPercentage(ConfigValue percentage) {
        if (!percentage.isPresent()) {
            return true;
        }
        String expected = "an integer of 0..100";
        int percent = percentage.asInt(0, expected);
        if (percent > ALL_PERCENT) {
            throw percentage.wrong(expected);
        }
        return percentile < percent;
    }
}
