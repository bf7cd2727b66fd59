"""A gRPC server on gRPC's C core, with calls of raw bytes: prints its port, serves until its input ends."""

import sys
import threading
import time
from concurrent import futures

import grpc

DRAINING = threading.Event()


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        return self.stream(details.method) or self.unary(details.method)

    def stream(self, method):
        handlers = {
            "/peers.Echo/Sum": grpc.stream_unary_rpc_method_handler(self.sum),
            "/peers.Echo/Repeat": grpc.unary_stream_rpc_method_handler(self.repeat),
            "/peers.Echo/Chat": grpc.stream_stream_rpc_method_handler(self.chat),
        }
        return handlers.get(method)

    def unary(self, method):
        handler = {
            "/peers.Echo/Echo": lambda request, context: request,
            "/peers.Echo/Fail": self.fail,
            "/peers.Echo/Sleep": self.sleep,
            "/peers.Echo/Metadata": self.metadata,
        }.get(method)
        return handler and grpc.unary_unary_rpc_method_handler(handler)

    @staticmethod
    def sum(requests, context):
        return str(sum(len(request) for request in requests)).encode("utf-8")

    @staticmethod
    def repeat(request, context):
        """The request is the number of responses, whose sizes are 0, 1, 2 and so on."""
        for size in range(int(request)):
            yield b"\x00" * size

    @staticmethod
    def chat(requests, context):
        """Echoes, until told to end, or to fail, with the requests still open."""
        context.send_initial_metadata((("x-server", "core"),))
        for request in requests:
            if request == b"fail":
                context.set_trailing_metadata((("x-why", "asked"),))
                context.abort(grpc.StatusCode.DATA_LOSS, "asked to fail")
            if request == b"end":
                return
            yield request

    @staticmethod
    def fail(request, context):
        context.set_trailing_metadata((("x-why", "asked"), ("x-octets-bin", b"\x00\xff")))
        context.abort(grpc.StatusCode.DATA_LOSS, request.decode("utf-8"))

    @staticmethod
    def sleep(request, context):
        print("sleeping", flush=True)
        while context.is_active() and not DRAINING.wait(0.01):
            pass
        time.sleep(0.3)
        return request

    @staticmethod
    def metadata(request, context):
        return repr(sorted((key, value) for key, value in context.invocation_metadata())).encode("utf-8")


def main():
    options = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
    server.add_generic_rpc_handlers((Handlers(),))
    if len(sys.argv) == 3:
        with open(sys.argv[1], "rb") as chain, open(sys.argv[2], "rb") as key:
            credentials = grpc.ssl_server_credentials([(key.read(), chain.read())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    if sys.stdin.readline().strip() == "drain":
        stopped = server.stop(grace=10)
        DRAINING.set()
        print("drained" if stopped.wait(20) else "stuck", flush=True)
        sys.stdin.read()
    server.stop(grace=0).wait()


main()
