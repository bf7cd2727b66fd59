package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MethodDescriptorTest {
    @Test
    void knowsItsNameAndItsPath() {
        MethodDescriptor<byte[], byte[]> method = named("helloworld.Greeter/SayHello");

        assertThat(method.fullName()).isEqualTo("helloworld.Greeter/SayHello");
        assertThat(method.path()).isEqualTo("/helloworld.Greeter/SayHello");
        assertThat(method).hasToString("helloworld.Greeter/SayHello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SayHello", "", "/", "/SayHello", "Greeter/", "/Greeter/SayHello", "a b/c", "a/é", "a/b\n"})
    void refusesANameThatIsNotServiceAndMethod(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> named(name))
                .withMessage("method name: \"" + name + "\" (expected: package.Service/Method)");
    }

    private static MethodDescriptor<byte[], byte[]> named(String name) {
        return MethodDescriptor.unary(name, Marshallers.bytes(), Marshallers.bytes());
    }
}
