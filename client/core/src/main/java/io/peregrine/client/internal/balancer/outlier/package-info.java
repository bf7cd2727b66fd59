/** Endpoints that fail more than others get no calls for a while: the policy {@code outlier_detection} (SPEC 2.8.8). */
@NullMarked
package io.peregrine.client.internal.balancer.outlier;

import org.jspecify.annotations.NullMarked;
