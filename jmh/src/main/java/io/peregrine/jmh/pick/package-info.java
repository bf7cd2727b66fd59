/** What picks cost, for each balancing policy, here and in grpc-java. */
@NullMarked
package io.peregrine.jmh.pick;

import org.jspecify.annotations.NullMarked;
