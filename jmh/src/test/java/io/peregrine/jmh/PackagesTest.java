package io.peregrine.jmh;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.stream.Collectors;

/** Holds the benchmarks' packages to the limits that the libraries' have. */
@AnalyzeClasses(packages = "io.peregrine.jmh", importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
    private static final int MAX_CLASSES_IN_A_PACKAGE = 20;

    /** In the gate: results are read, judged, reported and commanded, and nothing looks back. */
    @ArchTest
    static final ArchRule PACKAGES_HAVE_NO_CYCLE =
            slices().matching("io.peregrine.jmh.(**)").should().beFreeOfCycles();

    @ArchTest
    void packagesAreSmall(JavaClasses all) {
        Map<String, Long> sizes = all.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .filter(type -> !type.getPackageName().endsWith(".jmh_generated"))
                .collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()));

        assertThat(sizes).containsKeys("io.peregrine.jmh.gate", "io.peregrine.jmh.peer", "io.peregrine.jmh.driver");
        assertThat(sizes)
                .allSatisfy((name, size) ->
                        assertThat(size).as("classes in " + name).isLessThanOrEqualTo(MAX_CLASSES_IN_A_PACKAGE));
    }
}
