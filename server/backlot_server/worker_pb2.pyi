from backlot.v1 import backlot_pb2 as _backlot_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToWorker(_message.Message):
    __slots__ = ("job", "begin", "supply", "room", "credit", "stop", "ask", "forget")
    JOB_FIELD_NUMBER: _ClassVar[int]
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    FORGET_FIELD_NUMBER: _ClassVar[int]
    job: int
    begin: Begin
    supply: _backlot_pb2.Supply
    room: Room
    credit: Credit
    stop: Stop
    ask: Ask
    forget: Forget
    def __init__(self, job: _Optional[int] = ..., begin: _Optional[_Union[Begin, _Mapping]] = ..., supply: _Optional[_Union[_backlot_pb2.Supply, _Mapping]] = ..., room: _Optional[_Union[Room, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ..., stop: _Optional[_Union[Stop, _Mapping]] = ..., ask: _Optional[_Union[Ask, _Mapping]] = ..., forget: _Optional[_Union[Forget, _Mapping]] = ...) -> None: ...

class FromWorker(_message.Message):
    __slots__ = ("job", "ready", "event", "want_room", "spare", "released", "turn", "answer", "note")
    JOB_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    WANT_ROOM_FIELD_NUMBER: _ClassVar[int]
    SPARE_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    job: int
    ready: Ready
    event: _backlot_pb2.RunEvent
    want_room: WantRoom
    spare: Spare
    released: Released
    turn: Turn
    answer: Answer
    note: Note
    def __init__(self, job: _Optional[int] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., event: _Optional[_Union[_backlot_pb2.RunEvent, _Mapping]] = ..., want_room: _Optional[_Union[WantRoom, _Mapping]] = ..., spare: _Optional[_Union[Spare, _Mapping]] = ..., released: _Optional[_Union[Released, _Mapping]] = ..., turn: _Optional[_Union[Turn, _Mapping]] = ..., answer: _Optional[_Union[Answer, _Mapping]] = ..., note: _Optional[_Union[Note, _Mapping]] = ...) -> None: ...

class Begin(_message.Message):
    __slots__ = ("start", "unconsumed", "room")
    START_FIELD_NUMBER: _ClassVar[int]
    UNCONSUMED_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    start: _backlot_pb2.Start
    unconsumed: int
    room: _backlot_pb2.Lease
    def __init__(self, start: _Optional[_Union[_backlot_pb2.Start, _Mapping]] = ..., unconsumed: _Optional[int] = ..., room: _Optional[_Union[_backlot_pb2.Lease, _Mapping]] = ...) -> None: ...

class Room(_message.Message):
    __slots__ = ("lease", "error")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    lease: _backlot_pb2.Lease
    error: _backlot_pb2.Error
    def __init__(self, lease: _Optional[_Union[_backlot_pb2.Lease, _Mapping]] = ..., error: _Optional[_Union[_backlot_pb2.Error, _Mapping]] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Stop(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Ask(_message.Message):
    __slots__ = ("id", "estimate", "models")
    ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    id: int
    estimate: Estimate
    models: _backlot_pb2.ListModelsRequest
    def __init__(self, id: _Optional[int] = ..., estimate: _Optional[_Union[Estimate, _Mapping]] = ..., models: _Optional[_Union[_backlot_pb2.ListModelsRequest, _Mapping]] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("request", "inputs", "check_inputs", "measure")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    CHECK_INPUTS_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    request: _backlot_pb2.EstimateRequest
    inputs: _containers.RepeatedScalarFieldContainer[str]
    check_inputs: bool
    measure: bool
    def __init__(self, request: _Optional[_Union[_backlot_pb2.EstimateRequest, _Mapping]] = ..., inputs: _Optional[_Iterable[str]] = ..., check_inputs: bool = ..., measure: bool = ...) -> None: ...

class Forget(_message.Message):
    __slots__ = ("segment",)
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    segment: int
    def __init__(self, segment: _Optional[int] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("tools",)
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    tools: _containers.RepeatedCompositeFieldContainer[_backlot_pb2.ToolSpec]
    def __init__(self, tools: _Optional[_Iterable[_Union[_backlot_pb2.ToolSpec, _Mapping]]] = ...) -> None: ...

class WantRoom(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...

class Spare(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: _backlot_pb2.LeaseRef
    def __init__(self, lease: _Optional[_Union[_backlot_pb2.LeaseRef, _Mapping]] = ...) -> None: ...

class Released(_message.Message):
    __slots__ = ("input", "number")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    input: str
    number: int
    def __init__(self, input: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Answer(_message.Message):
    __slots__ = ("id", "estimate", "models", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: int
    estimate: _backlot_pb2.EstimateReply
    models: _backlot_pb2.ListModelsReply
    error: _backlot_pb2.Error
    def __init__(self, id: _Optional[int] = ..., estimate: _Optional[_Union[_backlot_pb2.EstimateReply, _Mapping]] = ..., models: _Optional[_Union[_backlot_pb2.ListModelsReply, _Mapping]] = ..., error: _Optional[_Union[_backlot_pb2.Error, _Mapping]] = ...) -> None: ...

class Note(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...
