/**
 * The scheme {@code consul}: a resolver that watches the instances of a service in HashiCorp Consul.
 */
@NullMarked
package io.peregrine.discovery.consul;

import org.jspecify.annotations.NullMarked;
