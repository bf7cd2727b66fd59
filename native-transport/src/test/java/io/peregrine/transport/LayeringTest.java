package io.peregrine.transport;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** What this module may depend on, and what a class that belongs to one event loop may share. */
@AnalyzeClasses(packages = "io.peregrine.transport", importOptions = ImportOption.DoNotIncludeTests.class)
final class LayeringTest {
    private static final String CONFINED = "io.peregrine.allocation.ownership.EventLoopConfined";
    private static final String PUBLISHED = "io.peregrine.allocation.ownership.Published";

    private LayeringTest() {}

    @ArchTest
    static final ArchRule TRANSPORT_KNOWS_NEITHER_CLIENT_NOR_GRPC_JAVA = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.peregrine.client..", "io.grpc..")
            .because("dependencies point one way: allocation <- native-transport <- client");

    @ArchTest
    static final ArchRule AGRONA_ONLY_WHERE_IT_NEEDS_NO_JVM_FLAG = noClasses()
            .should()
            .dependOnClassesThat(new DescribedPredicate<>("are Agrona's and reach for jdk.internal.misc.Unsafe") {
                @Override
                public boolean test(JavaClass type) {
                    String name = type.getBaseComponentType().getFullName();
                    return name.startsWith("org.agrona.")
                            && !name.startsWith("org.agrona.collections.")
                            && !name.startsWith("org.agrona.DeadlineTimerWheel");
                }
            })
            .because("a library that dies without --add-opens is no drop-in");

    @ArchTest
    static final ArchRule NO_CONNECTION_HANDLER_OR_FRAME_OBJECTS_OF_NETTY = noClasses()
            .should()
            .dependOnClassesThat()
            .haveNameMatching("io\\.netty\\.handler\\.codec\\.http2\\."
                    + "(Http2ConnectionHandler|Http2FrameCodec|Http2MultiplexHandler)(Builder)?(\\$.*)?")
            .because("their cost for each frame and stream is what this module exists to remove");

    @ArchTest
    static final ArchRule CONFINED_STATE_IS_PLAIN = fields().that()
            .areDeclaredInClassesThat()
            .areAnnotatedWith(CONFINED)
            .should(beVolatileOnlyWhenPublished())
            .allowEmptyShould(true);

    private static ArchCondition<JavaField> beVolatileOnlyWhenPublished() {
        return new ArchCondition<>("be volatile only when @Published") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                boolean shared = field.getModifiers().contains(JavaModifier.VOLATILE);
                if (shared && !field.isAnnotatedWith(PUBLISHED)) {
                    events.add(SimpleConditionEvent.violated(
                            field, field.getFullName() + " is volatile in a confined class and not @Published"));
                }
            }
        };
    }
}
