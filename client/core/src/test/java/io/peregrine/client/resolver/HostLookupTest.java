package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is an address, and what is a name (DN-1, DN-2). */
class HostLookupTest {
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "fd00:0:0:0:0:0:0:1"})
    void dn2AnAddressIsTakenAsItIs(String literal) {
        assertThat(HostLookup.literal(literal))
                .isNotNull()
                .extracting(InetAddress::getHostAddress)
                .isEqualTo(literal);
    }

    @ParameterizedTest
    @ValueSource(strings = {"greeter", "10.0.0.256", "10.1", "fd00::1::2", "0x7f000001"})
    void dn2ANameIsNone(String name) {
        assertThat(HostLookup.literal(name)).isNull();
    }

    /** Without it a link-local address leads nowhere. */
    @Test
    void dn2AnAddressKeepsItsZoneByNameAndByNumber() throws Exception {
        NetworkInterface loopback = loopback();

        for (String zone : new String[] {loopback.getName(), Integer.toString(loopback.getIndex())}) {
            assertThat(HostLookup.literal("fe80::1%" + zone))
                    .as(zone)
                    .isInstanceOfSatisfying(
                            Inet6Address.class,
                            address -> assertThat(address.getScopeId()).isEqualTo(loopback.getIndex()));
        }
    }

    @Test
    void dn2AZoneThatThisMachineDoesNotHaveIsWhatTheLookUpFailsWith() {
        String zoned = "fe80::1%nonesuch0";

        assertThat(HostLookup.literal(zoned)).isNull();
        assertThat(HostLookup.all(zoned))
                .failsWithin(20, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(UnknownHostException.class)
                .withMessageContaining("nonesuch0");
    }

    private static NetworkInterface loopback() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .filter(one -> {
                    try {
                        return one.isLoopback();
                    } catch (SocketException gone) {
                        return false;
                    }
                })
                .findFirst()
                .orElseThrow();
    }
}
