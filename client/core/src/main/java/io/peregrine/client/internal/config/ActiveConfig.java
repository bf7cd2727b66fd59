package io.peregrine.client.internal.config;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.ConfigSelector;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Resolution;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which service config a channel goes by (SPEC SV-10, SV-11, SV-13; gRFC A21):
 *
 * <pre>
 *   the resolver's answer   what holds                          asks again
 *   look-up is off          the default                         no
 *   no config               the default                         no
 *   a config                that                                no
 *   one that is wrong       the one before, else the default,   yes
 *                           else none: calls fail
 *   an error                the one before, else the default    by itself
 * </pre>
 *
 * Where no default was given, it is an empty one, but for a config that is wrong: calls that a service wanted to
 * configure are not sent as if it had not.
 *
 * <p>Confined to the channel's serialised context, but for {@link #current()} and {@link #isApplied()}. A config
 * replaces another as a whole in one field, and an equal one replaces nothing: a call under way keeps what it read, and
 * what goes by a config's identity is not begun anew (SV-13).
 */
public final class ActiveConfig {
    private final @Nullable ServiceConfig given;
    private final boolean lookup;
    private final LoadBalancerRegistry policies;

    /** Written in the context, behind the config; read by calls. */
    private volatile boolean applied;

    /** Written in the context; read by every call. */
    private volatile ServiceConfig current;

    /**
     * Before the first answer.
     *
     * @param given the default; null if the user gave none
     * @param lookup whether the resolver's configs count
     */
    public ActiveConfig(@Nullable ServiceConfig given, boolean lookup, LoadBalancerRegistry policies) {
        this.given = given;
        this.lookup = lookup;
        this.policies = policies;
        this.current = orEmpty(given);
    }

    /** What holds now; the default as long as {@link #isApplied} is false. Any thread. */
    public ServiceConfig current() {
        return current;
    }

    /** Whether there is a config to go by. If not, the channel has no balancer. */
    public boolean isApplied() {
        return applied;
    }

    /** The resolver answered. Returns why its config is not used; null if it is, or if there is none to use. */
    public @Nullable Status onAnswer(Resolution answer) {
        ServiceConfigSource source = lookup ? answer.serviceConfig() : null;
        ConfigSelector selector = lookup ? answer.configSelector() : null;
        if (source == null) {
            apply(orEmpty(given).withSelector(selector));
            return null;
        }
        try {
            apply(source.parse(policies).withSelector(selector));
            return null;
        } catch (RuntimeException wrong) {
            if (!applied && given != null) {
                apply(given.withSelector(selector));
            }
            String sentence = wrong instanceof IllegalArgumentException ? wrong.getMessage() : wrong.toString();
            return new Status(
                    StatusCode.UNAVAILABLE,
                    "the service config from the resolver is wrong: " + Objects.requireNonNullElse(sentence, ""),
                    wrong);
        }
    }

    /** The resolver failed: without a config there would be no balancer to say so (SV-11). */
    public void onError() {
        if (!applied) {
            apply(orEmpty(given));
        }
    }

    private void apply(ServiceConfig config) {
        if (!config.equals(current)) {
            current = config;
        }
        applied = true;
    }

    private static ServiceConfig orEmpty(@Nullable ServiceConfig config) {
        return config == null ? ServiceConfig.EMPTY : config;
    }
}
