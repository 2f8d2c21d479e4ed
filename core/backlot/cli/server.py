"""`backlot serve`, `start`, `stop` and `status`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from .. import local
from ..errors import ServerUnavailable
from ..report import duration
from .say import emit, stdout

if TYPE_CHECKING:
    from rich.table import Table

    from ..v1.backlot_pb2 import StatusReply


def serve(idle: float, remote: dict[str, str], as_json: bool) -> int:
    command = [sys.executable, "-m", "backlot_server", "--runtime", str(local.runtime_dir())]
    command += ["--idle", str(idle)]
    command += [word for pair in remote.items() if pair[1] for word in pair]
    command += ["--log-json"] if as_json else []
    if hasattr(os, "execv") and sys.platform != "win32":
        os.execv(sys.executable, command)
    return subprocess.call(command)


def start(as_json: bool) -> int:
    from ..client import connect
    from . import specs

    ran = local.find()
    endpoint = ran or local.start()
    with connect(start=False, client="cli") as studio:
        specs.remember(studio.tools())
    if as_json:
        emit({"running": True, "started": ran is None, "pid": endpoint.pid})
    elif endpoint.certificate:
        print(f"The server at {endpoint.address} answers.")
    else:
        words = "runs already" if ran else "started"
        print(f"The server {words} (process {endpoint.pid}).")
    return 0


def stop(as_json: bool) -> int:
    stopped = local.stop()
    if as_json:
        emit({"running": False, "stopped": stopped})
    else:
        print("The server has stopped." if stopped else "No server was running.")
    return 0


def status(as_json: bool) -> int:
    """Exit code 0 with a running server, that of ServerUnavailable without."""
    if local.find() is None:
        if as_json:
            emit({"running": False})
        else:
            print("No server runs. It starts by itself with the first job, or: backlot start")
        return ServerUnavailable.exit_code
    from ..client import connect

    with connect(start=False, client="status") as studio:
        reply = studio.status()
    if as_json:
        emit({"running": True, **fields(reply)})
    else:
        _show(reply)
    return 0


def fields(reply: StatusReply) -> dict[str, Any]:
    """A status as plain values: sizes in bytes, times in seconds."""
    pool = reply.pool
    return {
        "build": reply.build,
        "pid": reply.pid,
        "uptime": round(reply.uptime_seconds, 1),
        "devices": [
            {
                "name": device.name,
                "description": device.description,
                "state": device.state,
                "memory_used": device.memory_used,
                "memory_total": device.memory_total,
                "restarts": device.restarts,
                "worker_pid": device.worker_pid,
            }
            for device in reply.devices
        ],
        "jobs": [
            {
                "job": job.job,
                "tool": job.tool,
                "state": job.state,
                "position": job.position,
                "finished": job.finished,
                "frames": job.frames,
                "priority": job.priority,
                "seconds": round(job.seconds, 1),
                "session": job.session,
            }
            for job in reply.jobs
        ],
        "sessions": [
            {
                "session": session.session,
                "client": session.client,
                "leases": session.leases,
                "bytes": session.lease_bytes,
                "seconds": round(session.seconds, 1),
            }
            for session in reply.sessions
        ],
        "shared": {
            "segments": pool.segments,
            "bytes": pool.bytes,
            "leases": pool.leases,
            "lease_bytes": pool.lease_bytes,
        },
        "models": [
            {"name": model.name, "purpose": model.purpose, "loaded": model.loaded}
            for model in reply.models
        ],
    }


def _show(reply: StatusReply) -> None:
    console = stdout()
    told = fields(reply)
    pool = told["shared"]
    console.print(
        f"[bold]backlot {told['build']}[/], process {told['pid']}, up {duration(told['uptime'])}"
    )
    console.print(
        f"Shared frames: {size(pool['lease_bytes'])} in use, {size(pool['bytes'])} held\n"
    )
    console.print(_devices(told), "")
    console.print(_jobs(told) if told["jobs"] else "[dim]No jobs.[/]", "")
    console.print(_sessions(told), "")
    loaded = [model["name"] for model in told["models"] if model["loaded"]]
    console.print(f"Models loaded: {', '.join(loaded)}" if loaded else "[dim]No model loaded.[/]")


def _devices(told: dict[str, Any]) -> Table:
    shown = table("Device", "State", "Memory", "Restarts", "")
    for device in told["devices"]:
        used, total = device["memory_used"], device["memory_total"]
        memory = f"{size(used)} of {size(total)}" if total else size(used)
        restarts = str(device["restarts"] or "")
        shown.add_row(device["name"], device["state"], memory, restarts, device["description"])
    return shown


def _jobs(told: dict[str, Any]) -> Table:
    shown = table("Job", "Tool", "State", "Frames", "Priority", "Time")
    for job in told["jobs"]:
        state = job["state"] if job["state"] != "queued" else f"queued, {job['position']} ahead"
        frames = f"{job['finished']} of {job['frames']}"
        time = duration(job["seconds"])
        shown.add_row(job["job"][:8], job["tool"], state, frames, job["priority"], time)
    return shown


def _sessions(told: dict[str, Any]) -> Table:
    shown = table("Client", "Frames held", "Memory", "Connected")
    for session in told["sessions"]:
        held = (str(session["leases"]), size(session["bytes"]))
        shown.add_row(session["client"], *held, duration(session["seconds"]))
    return shown


def table(*heads: str) -> Table:
    """A plain table: no box, headings in bold, cells that wrap."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        shown.add_column(head, overflow="fold")
    return shown


def size(count: float) -> str:
    """Bytes for people: "0 B", "66 MB", "1.2 GB" (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 9.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
