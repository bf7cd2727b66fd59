/**
 * The scheme {@code etcd}: a resolver that watches the instances of a service under a prefix of etcd.
 */
@NullMarked
package io.peregrine.discovery.etcd;

import org.jspecify.annotations.NullMarked;
