package io.peregrine.transport.proxy;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which proxy a target goes through, if any. Immutable; any thread.
 *
 * <p>{@link #fromEnvironment()} is what tools agree on (SPEC PX-1): the proxy is in {@code HTTPS_PROXY} or {@code
 * https_proxy}, and if neither is set in {@code ALL_PROXY} or {@code all_proxy}; {@code NO_PROXY} or {@code no_proxy}
 * lists exceptions; {@code localhost} and loopback addresses are always reached directly. An empty variable is as good
 * as none. The values are read once, so a change of the environment has no effect on rules already made.
 */
public final class ProxyRules {
    private static final System.Logger LOG = System.getLogger(ProxyRules.class.getName());
    private static final ProxyRules NONE = new ProxyRules(null, NoProxyList.EMPTY, false);

    private final @Nullable ProxyServer proxy;
    private final NoProxyList exceptions;
    private final boolean loopbackIsDirect;

    private ProxyRules(@Nullable ProxyServer proxy, NoProxyList exceptions, boolean loopbackIsDirect) {
        this.proxy = proxy;
        this.exceptions = exceptions;
        this.loopbackIsDirect = loopbackIsDirect;
    }

    /** Returns the rules that know no proxy. */
    public static ProxyRules none() {
        return NONE;
    }

    /** Returns the rules that send every target through one proxy, loopback addresses included. */
    public static ProxyRules always(ProxyServer proxy) {
        return new ProxyRules(requireNonNull(proxy, "proxy"), NoProxyList.EMPTY, false);
    }

    /**
     * Returns the rules that send every target through one proxy but those that a list names. Loopback addresses go
     * through it unless they are listed.
     *
     * @param noProxy the exceptions as in {@code NO_PROXY}: {@code *}, hosts ({@code example.com} with all below it,
     *     {@code .example.com} only what is below it), IP addresses, networks like {@code 10.0.0.0/8}, separated by
     *     commas; hosts and addresses may have {@code :port} behind
     * @throws IllegalArgumentException if an entry is none of these
     */
    public static ProxyRules except(ProxyServer proxy, String noProxy) {
        requireNonNull(proxy, "proxy");
        NoProxyList exceptions = NoProxyList.parse(noProxy, entry -> {
            throw new IllegalArgumentException("no-proxy entry: \"" + entry
                    + "\" (expected: *, a host, .domain, an IP address or a network, such as 10.0.0.0/8)");
        });
        return new ProxyRules(proxy, exceptions, false);
    }

    /**
     * Returns the rules of this process's environment, read now.
     *
     * @throws IllegalArgumentException if the proxy's variable is malformed; the message names it and hides credentials
     */
    public static ProxyRules fromEnvironment() {
        return fromEnvironment(System.getenv());
    }

    /**
     * Returns the rules of an environment. An exception that cannot be understood is left out, with a warning in the
     * log: other tools read the same list, and some know more than others.
     *
     * @throws IllegalArgumentException if the proxy's variable is malformed; the message names it and hides credentials
     */
    public static ProxyRules fromEnvironment(Map<String, String> environment) {
        Map.Entry<String, String> variable =
                firstSet(environment, "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy");
        if (variable == null) {
            return NONE;
        }
        ProxyServer proxy = ProxyUrl.parse(variable.getKey(), variable.getValue());
        Map.Entry<String, String> noProxy = firstSet(environment, "NO_PROXY", "no_proxy");
        NoProxyList exceptions = noProxy == null
                ? NoProxyList.EMPTY
                : NoProxyList.parse(noProxy.getValue(), entry -> warnOfException(noProxy.getKey(), entry));
        return new ProxyRules(proxy, exceptions, true);
    }

    private static void warnOfException(String variable, String entry) {
        LOG.log(
                System.Logger.Level.WARNING,
                "{0}: left out \"{1}\" (expected: *, a host, .domain, an IP address or a network)",
                variable,
                entry);
    }

    /** The first variable that is set, with its value. */
    private static Map.@Nullable Entry<String, String> firstSet(Map<String, String> environment, String... variables) {
        for (String variable : variables) {
            String value = environment.get(variable);
            if (value != null && !value.isBlank()) {
                return Map.entry(variable, value);
            }
        }
        return null;
    }

    /** Returns whether no target at all goes through a proxy. */
    public boolean isEmpty() {
        return proxy == null;
    }

    /**
     * Returns the proxy for a target, or null if it is to be reached directly.
     *
     * @param host a name, or an IP literal with or without brackets
     */
    public @Nullable ProxyServer proxyFor(String host, int port) {
        boolean direct = (loopbackIsDirect && NoProxyList.isLoopback(host)) || exceptions.contains(host, port);
        return direct ? null : proxy;
    }

    /** Shows no credentials. */
    @Override
    public String toString() {
        return proxy == null ? "no proxy" : proxy + (exceptions == NoProxyList.EMPTY ? "" : " except " + exceptions);
    }
}
