/** How calls behave unless they say otherwise: service config, retry and hedging policies (gRFC A2, A6, A21). */
@NullMarked
package io.peregrine.client.config;

import org.jspecify.annotations.NullMarked;
