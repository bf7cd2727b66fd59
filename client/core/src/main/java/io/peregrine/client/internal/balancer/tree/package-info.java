/** Policies that choose among policies: priorities, weighted targets, zones (SPEC 2.8.9, EX-4). */
@NullMarked
package io.peregrine.client.internal.balancer.tree;

import org.jspecify.annotations.NullMarked;
