/** Reading what TLS is made of: certificates, private keys in the forms that tools write them, key stores. */
@NullMarked
package io.peregrine.transport.tls.material;

import org.jspecify.annotations.NullMarked;
