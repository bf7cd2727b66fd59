package io.peregrine.client.resolver.dns;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;

/** Which families of addresses a name is looked up for, and which come first. */
public enum AddressFamilies {
    /**
     * Both, as the JDK has them: IPv4 first, unless {@code -Djava.net.preferIPv6Addresses=true} says otherwise, and no
     * IPv6 where the machine has none or with {@code -Djava.net.preferIPv4Stack=true}.
     */
    AS_JDK,

    /** A records only. */
    IPV4_ONLY,

    /** AAAA records only. */
    IPV6_ONLY,

    /** Both, IPv4 first. */
    IPV4_FIRST,

    /** Both, IPv6 first: what RFC 6724 recommends where IPv6 works. */
    IPV6_FIRST;

    /** Those that are wanted, in order; within a family as they came. */
    List<InetAddress> arrange(List<InetAddress> addresses) {
        return switch (this) {
            case AS_JDK -> addresses;
            case IPV4_ONLY ->
                addresses.stream().filter(Inet4Address.class::isInstance).toList();
            case IPV6_ONLY ->
                addresses.stream()
                        .filter(address -> !(address instanceof Inet4Address))
                        .toList();
            case IPV4_FIRST -> sorted(addresses, true);
            case IPV6_FIRST -> sorted(addresses, false);
        };
    }

    private static List<InetAddress> sorted(List<InetAddress> addresses, boolean ipv4First) {
        return addresses.stream()
                .sorted(Comparator.comparing(address -> address instanceof Inet4Address != ipv4First))
                .toList();
    }
}
