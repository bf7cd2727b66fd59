package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ChoiceChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ManagedChannelProvider;
import io.grpc.TlsChannelCredentials;
import java.util.ServiceLoader;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the channel is found, and when it is not. */
class PeregrineChannelProviderTest {
    private static final CallCredentials NO_CALLS = new CallCredentials() {
        @Override
        public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
            throw new AssertionError("no call is made");
        }
    };

    private final PeregrineChannelProvider provider = new PeregrineChannelProvider();

    @Test
    void isFoundByServiceLoader() {
        assertThat(ServiceLoader.load(ManagedChannelProvider.class))
                .anyMatch(found -> found instanceof PeregrineChannelProvider);
    }

    @Test
    void grpcNettyComesFirstUnlessToldOtherwise() {
        assertThat(ManagedChannelBuilder.forTarget("dns:///localhost:1"))
                .isNotInstanceOf(PeregrineChannelBuilder.class);
        assertThat(Grpc.newChannelBuilder("dns:///localhost:1", InsecureChannelCredentials.create()))
                .isNotInstanceOf(PeregrineChannelBuilder.class);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {"none,4", "6,6", " 0 ,0", "10,10", "11,4", "-1,4", "six,4", "'',4"})
    void thePriorityIsThatOfTheSystemProperty(String property, int expected) {
        assertThat(PeregrineChannelProvider.priorityOf(property)).isEqualTo(expected);
    }

    @Test
    void takesTheCredentialsThatItUnderstands() {
        assertThat(result(InsecureChannelCredentials.create()).getChannelBuilder())
                .isInstanceOf(PeregrineChannelBuilder.class);
        assertThat(result(TlsChannelCredentials.create()).getChannelBuilder()).isNotNull();
        assertThat(result(CompositeChannelCredentials.create(TlsChannelCredentials.create(), NO_CALLS))
                        .getChannelBuilder())
                .isNotNull();
    }

    @Test
    void takesTheFirstOfAChoiceThatItUnderstands() {
        ChannelCredentials choice = ChoiceChannelCredentials.create(new Foreign(), InsecureChannelCredentials.create());

        assertThat(result(choice).getChannelBuilder()).isNotNull();
    }

    @Test
    void saysWhyItRefusesOthers() {
        assertThat(result(new Foreign()).getError()).contains(Foreign.class.getName());
        assertThat(result(CompositeChannelCredentials.create(new Foreign(), NO_CALLS))
                        .getError())
                .contains(Foreign.class.getName());
        assertThat(result(ChoiceChannelCredentials.create(new Foreign())).getError())
                .contains(Foreign.class.getName());
    }

    private ManagedChannelProvider.NewChannelBuilderResult result(ChannelCredentials credentials) {
        return provider.newChannelBuilder("dns:///localhost:1", credentials);
    }

    private static final class Foreign extends ChannelCredentials {
        @Override
        public ChannelCredentials withoutBearerTokens() {
            return this;
        }
    }
}
