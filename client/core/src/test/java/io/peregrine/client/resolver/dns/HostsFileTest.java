package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DN-2: names that need no name server. */
class HostsFileTest {
    @TempDir
    Path folder;

    @Test
    void dn2NamesOfTheFileHaveTheirAddressesInAnyCaseAndWithOrWithoutADot() throws Exception {
        HostsFile hosts =
                hosts("10.0.0.1 greeter.test greeter # a comment\nfd00::1 greeter.test\n10.0.0.2 greeter.test\n");

        assertThat(literals(hosts, "greeter.test")).containsExactly("10.0.0.1", "10.0.0.2", "fd00:0:0:0:0:0:0:1");
        assertThat(literals(hosts, "GREETER.")).containsExactly("10.0.0.1");
        assertThat(literals(hosts, "other.test")).isEmpty();
    }

    @Test
    void dn2LocalhostIsKnownWithoutTheFile() {
        HostsFile hosts = new HostsFile(folder.resolve("absent"));

        assertThat(literals(hosts, "localhost")).containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1");
        assertThat(literals(hosts, "a.LOCALHOST.")).containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1");
        assertThat(literals(hosts, "notlocalhost")).isEmpty();
    }

    @Test
    void dn2AnAddressIsItself() {
        HostsFile hosts = new HostsFile(folder.resolve("absent"));

        assertThat(literals(hosts, "10.9.8.7")).containsExactly("10.9.8.7");
        assertThat(literals(hosts, "fd00::2")).containsExactly("fd00:0:0:0:0:0:0:2");
    }

    @Test
    void aFileThatChangesIsReadAgain() throws Exception {
        HostsFile hosts = hosts("10.0.0.1 greeter.test\n");
        assertThat(literals(hosts, "greeter.test")).containsExactly("10.0.0.1");

        Files.writeString(folder.resolve("hosts"), "10.0.0.2 greeter.test\n");
        Files.setLastModifiedTime(folder.resolve("hosts"), FileTime.fromMillis(1_000));

        assertThat(literals(hosts, "greeter.test")).containsExactly("10.0.0.2");
    }

    private HostsFile hosts(String text) throws Exception {
        return new HostsFile(Files.writeString(folder.resolve("hosts"), text));
    }

    private static List<String> literals(HostsFile hosts, String name) {
        return hosts.addresses(name).stream().map(InetAddress::getHostAddress).toList();
    }
}
