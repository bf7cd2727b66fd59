package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InstanceValueTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.7:80",
                " 10.0.0.7:80\n",
                "10.0.0.7",
                "{'Addr':'10.0.0.7:80'}",
                "{'Op':0,'Addr':'10.0.0.7:80','Metadata':null}",
                "{'Op':0,'Addr':'10.0.0.7:80','Metadata':'v2'}",
                "{'Op':0,'Addr':'10.0.0.7:80','Metadata':{'owner':['x']}}"
            })
    void anAddressIsReadAsTextAndAsJson(String value) {
        assertThat(read(value)).contains(Endpoint.of(new InetSocketAddress("10.0.0.7", 80)));
    }

    @Test
    void aNameIsLookedUpWhenAConnectionIsMade() {
        assertThat(read("a.internal:81")).contains(Endpoint.of(InetSocketAddress.createUnresolved("a.internal", 81)));
    }

    @Test
    void anEntryThatSaysItIsGoneIsNoInstance() {
        assertThat(read("{'Op':1,'Addr':'10.0.0.7:80'}")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "10.0.0.7:0",
                "10.0.0.7:70000",
                "10.0.0.7:x",
                "a b:80",
                "{",
                "{}",
                "{'Addr':7}",
                "{'Addr':'10.0.0.7:80'} x",
                "{'Addr':'10.0.0.7:80','Metadata':{'weight':'heavy'}}",
                "{'Op':'add','Addr':'10.0.0.7:80'}"
            })
    void whatIsMalformedIsRefused(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> read(value));
    }

    private static Optional<Endpoint> read(String value) {
        return InstanceValue.read(ByteString.copyFromUtf8(value.replace('\'', '"')), 80);
    }
}
