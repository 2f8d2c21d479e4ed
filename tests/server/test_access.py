"""Who may call: nobody without the token, whatever the call."""

import socket
import subprocess
import sys

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import backlot_server.access
from backlot import wire
from backlot.errors import Denied, VersionMismatch
from backlot.v1 import backlot_pb2 as pb
from tests.server.raw import Raw, failure

UNARY = {
    "Hello": pb.HelloRequest(protocol=1),
    "Alloc": pb.AllocRequest(bytes=1),
    "Free": pb.FreeRequest(),
    "ListTools": pb.ListToolsRequest(),
    "ListModels": pb.ListModelsRequest(),
    "Estimate": pb.EstimateRequest(),
    "Cancel": pb.CancelRequest(),
    "Status": pb.StatusRequest(),
    "Shutdown": pb.ShutdownRequest(),
}
STREAMS = {
    "Session": pb.SessionRequest(),
    "Get": pb.GetRequest(),
    "Run": iter([pb.RunRequest(start=pb.Start())]),
}
TOKENS = ["", "0" * 64, "\N{SNOWMAN}".encode().hex()]


def check_methods_are_all_there():
    names = {method.name for method in pb.DESCRIPTOR.services_by_name["Studio"].methods}
    assert names == {*UNARY, *STREAMS, "Put"}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("verb", UNARY)
def test_no_call_without_the_token(odd_server, verb, token):
    check_methods_are_all_there()
    with Raw(odd_server.endpoint, token) as raw:
        status, error = failure(lambda: raw.call(verb, UNARY[verb]))
    assert status == grpc.StatusCode.UNAUTHENTICATED
    assert isinstance(error, Denied)
    assert odd_server.process.poll() is None


@pytest.mark.parametrize("verb", STREAMS)
def test_no_stream_without_the_token(odd_server, verb):
    with Raw(odd_server.endpoint, "wrong") as raw:
        call = getattr(raw.stub, verb)(STREAMS[verb], metadata=raw.metadata, timeout=20)
        status, error = failure(call)
        assert (status, type(error)) == (grpc.StatusCode.UNAUTHENTICATED, Denied)
        put = raw.stub.Put.future(iter([pb.PutChunk()]), metadata=raw.metadata, timeout=20)
        assert failure(put.result)[0] == grpc.StatusCode.UNAUTHENTICATED


def test_no_metadata_at_all(odd_server):
    with Raw(odd_server.endpoint) as raw:
        raw.metadata = ()
        assert isinstance(failure(lambda: raw.status())[1], Denied)


def test_health_and_reflection_want_the_token_too(odd_server):
    with Raw(odd_server.endpoint) as raw:
        health = health_pb2_grpc.HealthStub(raw.channel)
        request = health_pb2.HealthCheckRequest(service="backlot.v1.Studio")
        reply = health.Check(request, metadata=raw.metadata)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING
        assert isinstance(failure(lambda: health.Check(request))[1], Denied)

        reflection = reflection_pb2_grpc.ServerReflectionStub(raw.channel)
        ask = [reflection_pb2.ServerReflectionRequest(list_services="")]
        (listed,) = reflection.ServerReflectionInfo(iter(ask), metadata=raw.metadata)
        names = {service.name for service in listed.list_services_response.service}
        assert "backlot.v1.Studio" in names
        assert isinstance(failure(reflection.ServerReflectionInfo(iter(ask)))[1], Denied)


def test_a_client_that_is_too_old_is_told_to_update(raw):
    status, error = failure(lambda: raw.call("Hello", pb.HelloRequest(protocol=0)))
    assert status == grpc.StatusCode.FAILED_PRECONDITION
    assert isinstance(error, VersionMismatch)
    assert "client" in error.hint


def test_a_newer_client_learns_what_the_server_speaks(raw):
    reply = raw.call("Hello", pb.HelloRequest(protocol=99))
    assert reply.protocol_oldest <= reply.protocol < 99


def test_hello_says_what_one_may_ask_for(raw):
    reply = raw.call("Hello", pb.HelloRequest(protocol=1))
    assert reply.ready
    assert "shared-memory" in reply.capabilities
    assert reply.limits.max_side >= 16384
    assert reply.limits.chunk_bytes == 1 << 20
    assert 0 < reply.limits.max_frame_bytes <= reply.limits.session_quota_bytes
    (device,) = reply.devices
    assert (device.name, device.state) == ("cpu", "idle")
    assert device.memory_used > 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\0" * 4096,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /backlot.v1.Studio/Shutdown HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(range(256)) * 64,
    ],
)
def test_garbage_on_the_socket_does_no_harm(odd_server, garbage):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(odd_server.endpoint.address.removeprefix("unix:"))
        try:
            line.sendall(garbage)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
        except OSError:
            pass
    with Raw(odd_server.endpoint) as raw:
        assert raw.status().pid == odd_server.process.pid


def test_a_message_that_is_no_message_is_an_error_not_an_end(odd_server):
    with Raw(odd_server.endpoint) as raw:
        call = raw.channel.unary_unary("/backlot.v1.Studio/Alloc")
        with pytest.raises(grpc.RpcError):
            call(b"\xff" * 100, metadata=raw.metadata, timeout=20)
        assert raw.status().pid == odd_server.process.pid


def test_front_and_client_agree_on_the_keys():
    """The front imports no numpy, so it has its own copy of what wire.py names."""
    assert backlot_server.access.TOKEN_KEY == wire.TOKEN_KEY
    assert backlot_server.access.ERROR_KEY == wire.ERROR_KEY


def test_the_front_stays_light():
    """Neither numpy nor any tool: a crash or a leak of theirs is the worker's."""
    code = (
        "import sys, backlot_server.front; "
        "print([m for m in ('numpy', 'numba', 'onnxruntime', 'backlot_server.tools') "
        "if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
