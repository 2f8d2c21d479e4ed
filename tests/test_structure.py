"""The house as drawn: who may import whom, what a start costs, stubs that match the contract."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

STANDARD = sys.stdlib_module_names
SERVER_MAY_USE = {
    "errors", "frame", "matte", "tools", "wire", "chunks", "shared", "v1", "events", "buffers",
}  # fmt: skip
OURS = ("backlot", "backlot_server", "backlot_nuke", "backlot_blender", "backlot_resolve")


def modules(folder):
    return [p for p in sorted((ROOT / folder).rglob("*.py")) if "_pb2" not in p.name]


def imports(path):
    """Absolute names of everything a module imports."""
    package = path.relative_to(ROOT).parts[1:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module) if part)
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def ours(name):
    return name.split(".")[0] in OURS


@pytest.mark.parametrize("path", modules("core/backlot"), ids=lambda p: p.stem)
def test_core_imports_nobody_of_ours(path):
    for name in filter(ours, imports(path)):
        assert name.split(".")[0] == "backlot", f"{path.name} imports {name}"


@pytest.mark.parametrize("path", modules("core/backlot/host"), ids=lambda p: p.stem)
def test_the_half_inside_a_host_uses_the_standard_library_alone(path):
    for name in imports(path):
        top = name.split(".")[0]
        assert top in STANDARD or name.startswith("backlot.host"), f"{path.name} imports {name}"
    tree = ast.parse(path.read_text(), feature_version=(3, 7))
    assert not any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree))


@pytest.mark.parametrize("path", modules("server/backlot_server"), ids=lambda p: p.stem)
def test_the_server_uses_only_the_shared_nouns_of_core(path):
    for name in filter(ours, imports(path)):
        top, *rest = name.split(".")
        assert top in ("backlot", "backlot_server"), f"{path.name} imports {name}"
        if top == "backlot" and rest and not rest[0].startswith("__") and rest[0].islower():
            assert rest[0] in SERVER_MAY_USE, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", modules("plugins"), ids=lambda p: p.stem)
def test_a_plugin_never_imports_the_server(path):
    for name in filter(ours, imports(path)):
        assert not name.startswith("backlot_server"), f"{path.name} imports {name}"


def test_the_front_of_the_server_loads_no_tool():
    """The process that answers must start fast and never compute."""
    heavy = ("numba", "onnxruntime", "openvino", "backlot_server.tools", "OpenImageIO")
    code = f"import backlot_server.service, sys; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_importing_backlot_loads_nothing_heavy():
    heavy = ("numpy", "grpc", "OpenImageIO", "PyOpenColorIO", "av", "rich", "typer", "google")
    code = f"import backlot, sys; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_of_backlot_is_there():
    import backlot

    for name in backlot.__all__:
        assert getattr(backlot, name) is not None
    with pytest.raises(AttributeError):
        _ = backlot.nonsense


@pytest.mark.parametrize("proto", ["backlot/v1/backlot", "backlot_server/worker"])
def test_the_stubs_are_those_of_the_contract(proto, tmp_path):
    """Compiled afresh, protos/ must give the very descriptor that the committed stubs carry."""
    from google.protobuf import descriptor_pb2
    from grpc_tools import protoc

    out = tmp_path / "set.bin"
    source = f"{proto}.proto"
    assert not protoc.main(
        ["protoc", f"-I{ROOT / 'protos'}", f"--descriptor_set_out={out}", source]
    )
    fresh = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]
    module = __import__(proto.replace("/", ".") + "_pb2", fromlist=["DESCRIPTOR"])
    committed = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    fresh.ClearField("source_code_info")
    for file in (fresh, committed):
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
            for nested in message.nested_type:
                for field in nested.field:
                    field.ClearField("json_name")
    assert fresh == committed, "run `make protos` and commit the stubs"


def test_no_lock_names_a_registry():
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text()
