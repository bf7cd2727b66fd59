package io.peregrine.discovery.etcd;

import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.discovery.etcd.proto.AuthenticateRequest;
import io.peregrine.discovery.etcd.proto.AuthenticateResponse;
import io.peregrine.discovery.etcd.proto.RangeRequest;
import io.peregrine.discovery.etcd.proto.RangeResponse;
import io.peregrine.discovery.etcd.proto.WatchRequest;
import io.peregrine.discovery.etcd.proto.WatchResponse;

/** The methods of etcd's API, version 3, that a resolver calls. */
final class EtcdApi {
    static final MethodDescriptor<AuthenticateRequest, AuthenticateResponse> AUTHENTICATE = MethodDescriptor.unary(
            "etcdserverpb.Auth/Authenticate",
            Marshallers.protobuf(AuthenticateRequest.parser()),
            Marshallers.protobuf(AuthenticateResponse.parser()));

    static final MethodDescriptor<RangeRequest, RangeResponse> RANGE = MethodDescriptor.unary(
            "etcdserverpb.KV/Range",
            Marshallers.protobuf(RangeRequest.parser()),
            Marshallers.protobuf(RangeResponse.parser()));

    static final MethodDescriptor<WatchRequest, WatchResponse> WATCH = MethodDescriptor.bidiStreaming(
            "etcdserverpb.Watch/Watch",
            Marshallers.protobuf(WatchRequest.parser()),
            Marshallers.protobuf(WatchResponse.parser()));

    private EtcdApi() {}
}
