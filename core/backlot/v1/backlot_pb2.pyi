from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PixelType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIXEL_TYPE_UNSPECIFIED: _ClassVar[PixelType]
    HALF: _ClassVar[PixelType]
    FLOAT: _ClassVar[PixelType]

class Meaning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEANING_UNSPECIFIED: _ClassVar[Meaning]
    COLOR: _ClassVar[Meaning]
    DATA: _ClassVar[Meaning]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    INTERACTIVE: _ClassVar[Priority]
    BATCH: _ClassVar[Priority]
PIXEL_TYPE_UNSPECIFIED: PixelType
HALF: PixelType
FLOAT: PixelType
MEANING_UNSPECIFIED: Meaning
COLOR: Meaning
DATA: Meaning
PRIORITY_UNSPECIFIED: Priority
INTERACTIVE: Priority
BATCH: Priority

class Error(_message.Message):
    __slots__ = ("code", "sentence", "hint")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    code: str
    sentence: str
    hint: str
    def __init__(self, code: _Optional[str] = ..., sentence: _Optional[str] = ..., hint: _Optional[str] = ...) -> None: ...

class HelloRequest(_message.Message):
    __slots__ = ("protocol", "client", "build")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    client: str
    build: str
    def __init__(self, protocol: _Optional[int] = ..., client: _Optional[str] = ..., build: _Optional[str] = ...) -> None: ...

class HelloReply(_message.Message):
    __slots__ = ("protocol", "protocol_oldest", "build", "limits", "capabilities", "devices", "ready")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_OLDEST_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    protocol_oldest: int
    build: str
    limits: Limits
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    ready: bool
    def __init__(self, protocol: _Optional[int] = ..., protocol_oldest: _Optional[int] = ..., build: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., ready: bool = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_side", "max_frame_bytes", "session_quota_bytes", "max_queued_jobs", "max_frames_per_job", "max_channels", "chunk_bytes", "kept_results_bytes")
    MAX_SIDE_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    SESSION_QUOTA_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUED_JOBS_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_PER_JOB_FIELD_NUMBER: _ClassVar[int]
    MAX_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEPT_RESULTS_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_side: int
    max_frame_bytes: int
    session_quota_bytes: int
    max_queued_jobs: int
    max_frames_per_job: int
    max_channels: int
    chunk_bytes: int
    kept_results_bytes: int
    def __init__(self, max_side: _Optional[int] = ..., max_frame_bytes: _Optional[int] = ..., session_quota_bytes: _Optional[int] = ..., max_queued_jobs: _Optional[int] = ..., max_frames_per_job: _Optional[int] = ..., max_channels: _Optional[int] = ..., chunk_bytes: _Optional[int] = ..., kept_results_bytes: _Optional[int] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("name", "description", "memory_total", "memory_used", "state", "restarts", "worker_pid")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MEMORY_TOTAL_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    WORKER_PID_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    memory_total: int
    memory_used: int
    state: str
    restarts: int
    worker_pid: int
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., memory_total: _Optional[int] = ..., memory_used: _Optional[int] = ..., state: _Optional[str] = ..., restarts: _Optional[int] = ..., worker_pid: _Optional[int] = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("client",)
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    client: str
    def __init__(self, client: _Optional[str] = ...) -> None: ...

class SessionEvent(_message.Message):
    __slots__ = ("opened", "going")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    GOING_FIELD_NUMBER: _ClassVar[int]
    opened: SessionOpened
    going: ServerGoing
    def __init__(self, opened: _Optional[_Union[SessionOpened, _Mapping]] = ..., going: _Optional[_Union[ServerGoing, _Mapping]] = ...) -> None: ...

class SessionOpened(_message.Message):
    __slots__ = ("session", "probe", "nonce")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    session: str
    probe: Lease
    nonce: bytes
    def __init__(self, session: _Optional[str] = ..., probe: _Optional[_Union[Lease, _Mapping]] = ..., nonce: _Optional[bytes] = ...) -> None: ...

class ServerGoing(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("id", "generation", "bytes", "segment")
    ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    id: int
    generation: int
    bytes: int
    segment: Segment
    def __init__(self, id: _Optional[int] = ..., generation: _Optional[int] = ..., bytes: _Optional[int] = ..., segment: _Optional[_Union[Segment, _Mapping]] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("id", "bytes", "proc_fd", "file")
    ID_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    PROC_FD_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    id: int
    bytes: int
    proc_fd: ProcFd
    file: str
    def __init__(self, id: _Optional[int] = ..., bytes: _Optional[int] = ..., proc_fd: _Optional[_Union[ProcFd, _Mapping]] = ..., file: _Optional[str] = ...) -> None: ...

class ProcFd(_message.Message):
    __slots__ = ("pid", "fd")
    PID_FIELD_NUMBER: _ClassVar[int]
    FD_FIELD_NUMBER: _ClassVar[int]
    pid: int
    fd: int
    def __init__(self, pid: _Optional[int] = ..., fd: _Optional[int] = ...) -> None: ...

class LeaseRef(_message.Message):
    __slots__ = ("id", "generation")
    ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    id: int
    generation: int
    def __init__(self, id: _Optional[int] = ..., generation: _Optional[int] = ...) -> None: ...

class AllocRequest(_message.Message):
    __slots__ = ("session", "bytes")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    session: str
    bytes: int
    def __init__(self, session: _Optional[str] = ..., bytes: _Optional[int] = ...) -> None: ...

class FreeRequest(_message.Message):
    __slots__ = ("session", "leases")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LEASES_FIELD_NUMBER: _ClassVar[int]
    session: str
    leases: _containers.RepeatedCompositeFieldContainer[LeaseRef]
    def __init__(self, session: _Optional[str] = ..., leases: _Optional[_Iterable[_Union[LeaseRef, _Mapping]]] = ...) -> None: ...

class FreeReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PutChunk(_message.Message):
    __slots__ = ("session", "total", "data")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    session: str
    total: int
    data: bytes
    def __init__(self, session: _Optional[str] = ..., total: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("session", "lease", "bytes")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    session: str
    lease: LeaseRef
    bytes: int
    def __init__(self, session: _Optional[str] = ..., lease: _Optional[_Union[LeaseRef, _Mapping]] = ..., bytes: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("x", "y", "width", "height")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    width: int
    height: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("data_window", "display_window", "pixel_aspect", "channels", "type", "meaning", "number", "view", "lease", "segment")
    DATA_WINDOW_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_WINDOW_FIELD_NUMBER: _ClassVar[int]
    PIXEL_ASPECT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    data_window: Window
    display_window: Window
    pixel_aspect: float
    channels: _containers.RepeatedScalarFieldContainer[str]
    type: PixelType
    meaning: Meaning
    number: int
    view: str
    lease: LeaseRef
    segment: Segment
    def __init__(self, data_window: _Optional[_Union[Window, _Mapping]] = ..., display_window: _Optional[_Union[Window, _Mapping]] = ..., pixel_aspect: _Optional[float] = ..., channels: _Optional[_Iterable[str]] = ..., type: _Optional[_Union[PixelType, str]] = ..., meaning: _Optional[_Union[Meaning, str]] = ..., number: _Optional[int] = ..., view: _Optional[str] = ..., lease: _Optional[_Union[LeaseRef, _Mapping]] = ..., segment: _Optional[_Union[Segment, _Mapping]] = ...) -> None: ...

class ListToolsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListToolsReply(_message.Message):
    __slots__ = ("tools",)
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    tools: _containers.RepeatedCompositeFieldContainer[ToolSpec]
    def __init__(self, tools: _Optional[_Iterable[_Union[ToolSpec, _Mapping]]] = ...) -> None: ...

class ToolSpec(_message.Message):
    __slots__ = ("name", "label", "summary", "version", "inputs", "params", "output", "hidden")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    summary: str
    version: str
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    params: _containers.RepeatedCompositeFieldContainer[Param]
    output: Output
    hidden: bool
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., summary: _Optional[str] = ..., version: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., params: _Optional[_Iterable[_Union[Param, _Mapping]]] = ..., output: _Optional[_Union[Output, _Mapping]] = ..., hidden: bool = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("name", "kind", "label", "help", "required", "before", "after", "window_param", "layers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    WINDOW_PARAM_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    label: str
    help: str
    required: bool
    before: int
    after: int
    window_param: str
    layers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., label: _Optional[str] = ..., help: _Optional[str] = ..., required: bool = ..., before: _Optional[int] = ..., after: _Optional[int] = ..., window_param: _Optional[str] = ..., layers: _Optional[_Iterable[str]] = ...) -> None: ...

class Param(_message.Message):
    __slots__ = ("name", "kind", "default", "minimum", "maximum", "step", "unit", "choices", "label", "group", "help", "animatable")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    ANIMATABLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    default: Value
    minimum: float
    maximum: float
    step: float
    unit: str
    choices: _containers.RepeatedCompositeFieldContainer[Choice]
    label: str
    group: str
    help: str
    animatable: bool
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., default: _Optional[_Union[Value, _Mapping]] = ..., minimum: _Optional[float] = ..., maximum: _Optional[float] = ..., step: _Optional[float] = ..., unit: _Optional[str] = ..., choices: _Optional[_Iterable[_Union[Choice, _Mapping]]] = ..., label: _Optional[str] = ..., group: _Optional[str] = ..., help: _Optional[str] = ..., animatable: bool = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("value", "label")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    value: str
    label: str
    def __init__(self, value: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("number", "integer", "flag", "text", "curve")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CURVE_FIELD_NUMBER: _ClassVar[int]
    number: float
    integer: int
    flag: bool
    text: str
    curve: Curve
    def __init__(self, number: _Optional[float] = ..., integer: _Optional[int] = ..., flag: bool = ..., text: _Optional[str] = ..., curve: _Optional[_Union[Curve, _Mapping]] = ...) -> None: ...

class Curve(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    def __init__(self, keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("frame", "value")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    frame: float
    value: float
    def __init__(self, frame: _Optional[float] = ..., value: _Optional[float] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("size", "scale_param", "width_param", "height_param", "matte", "grow_params")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SCALE_PARAM_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PARAM_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PARAM_FIELD_NUMBER: _ClassVar[int]
    MATTE_FIELD_NUMBER: _ClassVar[int]
    GROW_PARAMS_FIELD_NUMBER: _ClassVar[int]
    size: str
    scale_param: str
    width_param: str
    height_param: str
    matte: str
    grow_params: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, size: _Optional[str] = ..., scale_param: _Optional[str] = ..., width_param: _Optional[str] = ..., height_param: _Optional[str] = ..., matte: _Optional[str] = ..., grow_params: _Optional[_Iterable[str]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsReply(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "label", "purpose", "verdict", "licence_code", "licence_weights", "licence_data", "sha256", "bytes", "encoding", "loaded", "present", "limits")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    LICENCE_CODE_FIELD_NUMBER: _ClassVar[int]
    LICENCE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    LICENCE_DATA_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    LOADED_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    purpose: str
    verdict: str
    licence_code: str
    licence_weights: str
    licence_data: str
    sha256: str
    bytes: int
    encoding: str
    loaded: bool
    present: bool
    limits: str
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., purpose: _Optional[str] = ..., verdict: _Optional[str] = ..., licence_code: _Optional[str] = ..., licence_weights: _Optional[str] = ..., licence_data: _Optional[str] = ..., sha256: _Optional[str] = ..., bytes: _Optional[int] = ..., encoding: _Optional[str] = ..., loaded: bool = ..., present: bool = ..., limits: _Optional[str] = ...) -> None: ...

class EstimateRequest(_message.Message):
    __slots__ = ("tool", "params", "width", "height", "channels", "measure")
    class ParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    tool: str
    params: _containers.MessageMap[str, Value]
    width: int
    height: int
    channels: int
    measure: bool
    def __init__(self, tool: _Optional[str] = ..., params: _Optional[_Mapping[str, Value]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., channels: _Optional[int] = ..., measure: bool = ...) -> None: ...

class EstimateReply(_message.Message):
    __slots__ = ("engine", "fingerprint", "seconds_per_frame", "width", "height")
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_PER_FRAME_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    engine: str
    fingerprint: str
    seconds_per_frame: float
    width: int
    height: int
    def __init__(self, engine: _Optional[str] = ..., fingerprint: _Optional[str] = ..., seconds_per_frame: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("start", "supply", "consumed")
    START_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    start: Start
    supply: Supply
    consumed: Consumed
    def __init__(self, start: _Optional[_Union[Start, _Mapping]] = ..., supply: _Optional[_Union[Supply, _Mapping]] = ..., consumed: _Optional[_Union[Consumed, _Mapping]] = ...) -> None: ...

class Start(_message.Message):
    __slots__ = ("session", "job", "tool", "params", "frames", "inputs", "priority", "supersede", "view", "supplies", "deadline_seconds")
    class ParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...
    SESSION_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDE_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    SUPPLIES_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    session: str
    job: str
    tool: str
    params: _containers.MessageMap[str, Value]
    frames: _containers.RepeatedScalarFieldContainer[int]
    inputs: _containers.RepeatedScalarFieldContainer[str]
    priority: Priority
    supersede: str
    view: str
    supplies: _containers.RepeatedCompositeFieldContainer[Supply]
    deadline_seconds: float
    def __init__(self, session: _Optional[str] = ..., job: _Optional[str] = ..., tool: _Optional[str] = ..., params: _Optional[_Mapping[str, Value]] = ..., frames: _Optional[_Iterable[int]] = ..., inputs: _Optional[_Iterable[str]] = ..., priority: _Optional[_Union[Priority, str]] = ..., supersede: _Optional[str] = ..., view: _Optional[str] = ..., supplies: _Optional[_Iterable[_Union[Supply, _Mapping]]] = ..., deadline_seconds: _Optional[float] = ...) -> None: ...

class Supply(_message.Message):
    __slots__ = ("input", "number", "frame", "missing")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    input: str
    number: int
    frame: Frame
    missing: Error
    def __init__(self, input: _Optional[str] = ..., number: _Optional[int] = ..., frame: _Optional[_Union[Frame, _Mapping]] = ..., missing: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class Consumed(_message.Message):
    __slots__ = ("lease", "kept")
    LEASE_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    lease: LeaseRef
    kept: bool
    def __init__(self, lease: _Optional[_Union[LeaseRef, _Mapping]] = ..., kept: bool = ...) -> None: ...

class RunEvent(_message.Message):
    __slots__ = ("queued", "started", "need", "returned", "progress", "preview", "result", "warning", "frame_failed", "done", "error")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    FRAME_FAILED_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    queued: Queued
    started: Started
    need: Need
    returned: Returned
    progress: Progress
    preview: Preview
    result: Result
    warning: Warning
    frame_failed: FrameFailed
    done: Done
    error: Error
    def __init__(self, queued: _Optional[_Union[Queued, _Mapping]] = ..., started: _Optional[_Union[Started, _Mapping]] = ..., need: _Optional[_Union[Need, _Mapping]] = ..., returned: _Optional[_Union[Returned, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., preview: _Optional[_Union[Preview, _Mapping]] = ..., result: _Optional[_Union[Result, _Mapping]] = ..., warning: _Optional[_Union[Warning, _Mapping]] = ..., frame_failed: _Optional[_Union[FrameFailed, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class Queued(_message.Message):
    __slots__ = ("position", "estimate_seconds")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    position: int
    estimate_seconds: float
    def __init__(self, position: _Optional[int] = ..., estimate_seconds: _Optional[float] = ...) -> None: ...

class Started(_message.Message):
    __slots__ = ("device", "attempt")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    device: str
    attempt: int
    def __init__(self, device: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class Need(_message.Message):
    __slots__ = ("input", "number")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    input: str
    number: int
    def __init__(self, input: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class Returned(_message.Message):
    __slots__ = ("lease",)
    LEASE_FIELD_NUMBER: _ClassVar[int]
    lease: LeaseRef
    def __init__(self, lease: _Optional[_Union[LeaseRef, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("number", "fraction", "message")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    number: int
    fraction: float
    message: str
    def __init__(self, number: _Optional[int] = ..., fraction: _Optional[float] = ..., message: _Optional[str] = ...) -> None: ...

class Preview(_message.Message):
    __slots__ = ("frame",)
    FRAME_FIELD_NUMBER: _ClassVar[int]
    frame: Frame
    def __init__(self, frame: _Optional[_Union[Frame, _Mapping]] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("frame", "engine", "fingerprint", "seconds", "measured")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    frame: Frame
    engine: str
    fingerprint: str
    seconds: float
    measured: str
    def __init__(self, frame: _Optional[_Union[Frame, _Mapping]] = ..., engine: _Optional[str] = ..., fingerprint: _Optional[str] = ..., seconds: _Optional[float] = ..., measured: _Optional[str] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("number", "sentence")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    number: int
    sentence: str
    def __init__(self, number: _Optional[int] = ..., sentence: _Optional[str] = ...) -> None: ...

class FrameFailed(_message.Message):
    __slots__ = ("number", "error")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    number: int
    error: Error
    def __init__(self, number: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("finished", "failed")
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    finished: int
    failed: int
    def __init__(self, finished: _Optional[int] = ..., failed: _Optional[int] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("session", "job")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    session: str
    job: str
    def __init__(self, session: _Optional[str] = ..., job: _Optional[str] = ...) -> None: ...

class CancelReply(_message.Message):
    __slots__ = ("found",)
    FOUND_FIELD_NUMBER: _ClassVar[int]
    found: bool
    def __init__(self, found: bool = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusReply(_message.Message):
    __slots__ = ("build", "pid", "uptime_seconds", "devices", "jobs", "sessions", "pool", "models")
    BUILD_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    build: str
    pid: int
    uptime_seconds: float
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    jobs: _containers.RepeatedCompositeFieldContainer[JobStatus]
    sessions: _containers.RepeatedCompositeFieldContainer[SessionStatus]
    pool: PoolStatus
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, build: _Optional[str] = ..., pid: _Optional[int] = ..., uptime_seconds: _Optional[float] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., jobs: _Optional[_Iterable[_Union[JobStatus, _Mapping]]] = ..., sessions: _Optional[_Iterable[_Union[SessionStatus, _Mapping]]] = ..., pool: _Optional[_Union[PoolStatus, _Mapping]] = ..., models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class JobStatus(_message.Message):
    __slots__ = ("job", "session", "tool", "state", "position", "finished", "frames", "priority", "seconds")
    JOB_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    job: str
    session: str
    tool: str
    state: str
    position: int
    finished: int
    frames: int
    priority: str
    seconds: float
    def __init__(self, job: _Optional[str] = ..., session: _Optional[str] = ..., tool: _Optional[str] = ..., state: _Optional[str] = ..., position: _Optional[int] = ..., finished: _Optional[int] = ..., frames: _Optional[int] = ..., priority: _Optional[str] = ..., seconds: _Optional[float] = ...) -> None: ...

class SessionStatus(_message.Message):
    __slots__ = ("session", "client", "leases", "lease_bytes", "seconds")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    LEASES_FIELD_NUMBER: _ClassVar[int]
    LEASE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    session: str
    client: str
    leases: int
    lease_bytes: int
    seconds: float
    def __init__(self, session: _Optional[str] = ..., client: _Optional[str] = ..., leases: _Optional[int] = ..., lease_bytes: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class PoolStatus(_message.Message):
    __slots__ = ("segments", "bytes", "leases", "lease_bytes")
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    LEASES_FIELD_NUMBER: _ClassVar[int]
    LEASE_BYTES_FIELD_NUMBER: _ClassVar[int]
    segments: int
    bytes: int
    leases: int
    lease_bytes: int
    def __init__(self, segments: _Optional[int] = ..., bytes: _Optional[int] = ..., leases: _Optional[int] = ..., lease_bytes: _Optional[int] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class ShutdownReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
