package io.peregrine.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.allocation.ownership.Published;
import java.util.Map;
import java.util.stream.Collectors;

/** The rules of DESIGN.md that a compiler does not hold, over all three libraries. */
@AnalyzeClasses(
        packages = {"io.peregrine.allocation", "io.peregrine.transport", "io.peregrine.client"},
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.DoNotIncludeTestJars.class})
final class ArchitectureTest {
    private static final String ALLOCATION = "io.peregrine.allocation..";
    private static final String TRANSPORT = "io.peregrine.transport..";
    private static final String CLIENT = "io.peregrine.client..";
    private static final int MAX_CLASSES_IN_A_PACKAGE = 20;

    /** The parts of one connection know each other and nobody else may: they share a package. */
    private static final Map<String, Integer> LARGER_PACKAGES = Map.of("io.peregrine.transport.http2", 42);

    private ArchitectureTest() {}

    /** What other modules share with tests comes as a jar. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule ALLOCATION_KNOWS_NOBODY = noClasses()
            .that()
            .resideInAPackage(ALLOCATION)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(TRANSPORT, CLIENT);

    @ArchTest
    static final ArchRule TRANSPORT_DOES_NOT_KNOW_THE_CLIENT = noClasses()
            .that()
            .resideInAPackage(TRANSPORT)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(CLIENT);

    @ArchTest
    static final ArchRule NOBODY_KNOWS_GRPC_JAVA_OR_THE_TOOLS = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.grpc..", "io.peregrine.jmh..", "io.peregrine.load..", "com.google.common..");

    @ArchTest
    static final ArchRule POLICIES_AND_RESOLVERS_KNOW_NOTHING_OF_CALLS = noClasses()
            .that()
            .resideInAnyPackage("io.peregrine.client.balancer", "io.peregrine.client.resolver")
            .should()
            .dependOnClassesThat()
            .haveNameMatching(".*\\.(ClientConn|ClientConnBuilder|internal\\.(UnaryCall|Attempt|ControlPlane).*)");

    @ArchTest
    static final ArchRule PUBLIC_METHODS_SHOW_NOTHING_INTERNAL = classes()
            .that()
            .resideInAPackage(CLIENT)
            .and()
            .resideOutsideOfPackage("io.peregrine.client.internal..")
            .should(showNothingInternal());

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
            });

    @ArchTest
    static final ArchRule CONFINED_STATE_IS_PLAIN = fields().that()
            .areDeclaredInClassesThat()
            .areAnnotatedWith(EventLoopConfined.class)
            .should(beVolatileOnlyWhenPublished());

    @ArchTest
    static final ArchRule NAMES_SAY_WHAT_A_CLASS_IS = noClasses()
            .should()
            .haveNameMatching(".*(Impl|Helper|Helpers|Util|Utils|(?<!Trust)Manager|\\.Default[A-Z]\\w*)");

    @ArchTest
    static final ArchRule LOGGING_IS_SYSTEM_LOGGER = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.util.logging..", "org.slf4j..", "io.netty.util.internal.logging..");

    @ArchTest
    static final ArchRule NOTHING_PRINTS = noClasses()
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    @ArchTest
    static final ArchRule NOTHING_SLEEPS = noClasses().should().callMethod(Thread.class, "sleep", long.class);

    @ArchTest
    static void packagesAreSmall(JavaClasses all) {
        Map<String, Long> sizes = all.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()));

        assertThat(sizes)
                .containsKeys(
                        "io.peregrine.allocation",
                        "io.peregrine.transport.io",
                        "io.peregrine.transport.tls",
                        "io.peregrine.transport.http2",
                        "io.peregrine.client",
                        "io.peregrine.client.resolver",
                        "io.peregrine.client.balancer",
                        "io.peregrine.client.credentials");
        assertThat(sizes)
                .allSatisfy((name, size) -> assertThat(size)
                        .as("classes in " + name)
                        .isBetween(1L, (long) LARGER_PACKAGES.getOrDefault(name, MAX_CLASSES_IN_A_PACKAGE)));
    }

    private static ArchCondition<JavaField> beVolatileOnlyWhenPublished() {
        return new ArchCondition<>("be volatile only when @Published") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                boolean shared = field.getModifiers().contains(JavaModifier.VOLATILE);
                if (shared && !field.isAnnotatedWith(Published.class)) {
                    events.add(SimpleConditionEvent.violated(
                            field, field.getFullName() + " is volatile in a confined class and not @Published"));
                }
            }
        };
    }

    private static ArchCondition<JavaClass> showNothingInternal() {
        return new ArchCondition<>("show no type of an internal package in public signatures") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!type.getModifiers().contains(JavaModifier.PUBLIC)) {
                    return;
                }
                type.getMethods().stream()
                        .filter(method -> method.getModifiers().contains(JavaModifier.PUBLIC))
                        .filter(method -> method.getAllInvolvedRawTypes().stream()
                                .anyMatch(shown -> shown.getPackageName().contains(".internal")))
                        .forEach(method -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " shows an internal type")));
            }
        };
    }
}
