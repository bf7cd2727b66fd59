package io.peregrine.protoc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JavaNamesTest {
    @ParameterizedTest
    @CsvSource({
        "SayHello, sayHello, SAY_HELLO",
        "sayHello, sayHello, SAY_HELLO",
        "say_hello, sayHello, SAY_HELLO",
        "Say__Hello_, sayHello, SAY_HELLO",
        "HTTPGet, hTTPGet, HTTP_GET",
        "GetHTTP, getHTTP, GET_HTTP",
        "Get2Rows, get2Rows, GET2_ROWS",
        "GetV2, getV2, GET_V2",
        "x, x, X",
        "_1, _1, _1",
        "_, _, _",
        "__a, a, A",
        "Class, class, CLASS"
    })
    void namesMethodsAndConstants(String protoName, String method, String constant) {
        assertThat(JavaNames.method(protoName)).isEqualTo(method);
        assertThat(JavaNames.constant(protoName)).isEqualTo(constant);
    }
}
