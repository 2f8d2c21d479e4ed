"""Who may call, and how a call that fails says so."""

from __future__ import annotations

import asyncio
import functools
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc

from backlot.errors import BacklotError, Denied, InternalError, from_code
from backlot.v1 import backlot_pb2 as pb

from .log import told

TOKEN_KEY = "backlot-token"
ERROR_KEY = "backlot-error-bin"
_STATUS = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST = 1500


def error_message(error: BacklotError) -> pb.Error:
    """As it travels; cut to what fits into gRPC's metadata."""
    return pb.Error(code=error.code, sentence=error.sentence[:_LONGEST], hint=error.hint[:_LONGEST])


def error_from(message: pb.Error) -> BacklotError:
    return from_code(message.code, message.sentence, message.hint)


async def refuse(context: Any, error: BacklotError) -> NoReturn:
    """End a call with an error's status code, and the error itself in the trailing metadata."""
    message = error_message(error)
    trailing = ((ERROR_KEY, message.SerializeToString()),)
    await context.abort(_STATUS[error.status], message.sentence, trailing)
    raise AssertionError("abort returned")


def answers(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A method of the servicer whose BacklotErrors reach the client as they are."""

    @functools.wraps(handler)
    async def answered(self: Any, request: Any, context: Any) -> Any:
        try:
            return await handler(self, request, context)
        except BacklotError as error:
            await refuse(context, error)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except Exception as error:
            self.log.line("defect", verb=handler.__name__, said=told(error))
            await refuse(
                context,
                InternalError(
                    f"The server met an error of its own ({type(error).__name__}).",
                    "Its log has the details.",
                ),
            )

    return answered


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses every call, of every service, that does not carry the server's token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

        async def deny(_: Any, context: Any) -> None:
            await refuse(
                context,
                Denied(
                    "The server refused this client's token.",
                    "Another user's server, or one that was restarted: connect again.",
                ),
            )

        # Streams on both sides: it answers before it reads, whatever was called.
        self._denied = grpc.stream_stream_rpc_method_handler(deny)

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        for key, value in details.invocation_metadata:
            if key == TOKEN_KEY:
                given = value if isinstance(value, bytes) else value.encode()
                if hmac.compare_digest(given, self._token):
                    return await continuation(details)
        return self._denied
