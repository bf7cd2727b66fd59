package io.peregrine.grpcjava;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** What the facade may know: of grpc-java its API alone, and nothing of Netty where applications look. */
@AnalyzeClasses(packages = "io.peregrine.grpcjava", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
    @ArchTest
    static final ArchRule KNOWS_THE_API_OF_GRPC_JAVA_ONLY =
            noClasses().should().dependOnClassesThat(inAnotherPackageThanTheApi());

    @ArchTest
    static final ArchRule ONLY_ONE_CLASS_LOOKS_INTO_METADATA = noClasses()
            .that()
            .doNotHaveSimpleName("MetadataBridge")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("io.grpc.InternalMetadata");

    @ArchTest
    static final ArchRule SHOWS_NOTHING_OF_NETTY_AND_NOTHING_INTERNAL = methods()
            .that()
            .areDeclaredInClassesThat()
            .resideInAPackage("io.peregrine.grpcjava")
            .and()
            .arePublic()
            .should(mentionNeither());

    private ArchitectureTest() {}

    private static DescribedPredicate<JavaClass> inAnotherPackageThanTheApi() {
        return DescribedPredicate.describe(
                "are of grpc-java, but not in the package io.grpc",
                used -> used.getPackageName().startsWith("io.grpc")
                        && !used.getPackageName().equals("io.grpc"));
    }

    private static ArchCondition<JavaMethod> mentionNeither() {
        return new ArchCondition<>("mention neither Netty nor internal types") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                boolean mentions = isHidden(method.getRawReturnType())
                        || method.getRawParameterTypes().stream().anyMatch(ArchitectureTest::isHidden);
                events.add(new SimpleConditionEvent(method, !mentions, method.getFullName()));
            }
        };
    }

    private static boolean isHidden(JavaClass type) {
        return type.getPackageName().startsWith("io.netty")
                || type.getPackageName().contains(".internal");
    }
}
