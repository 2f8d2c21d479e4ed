"""The whole state of the simulated application as plain data, to be compared before and after."""

from __future__ import annotations

from typing import Any


def dump(resolve: Any) -> dict[str, Any]:
    project = resolve.project
    return {
        "page": resolve.page,
        "project": project.name,
        "settings": dict(project.settings),
        "render": {k: v for k, v in project.render.items() if k not in ("MarkIn", "MarkOut")},
        "format": [project.format, project.codec, project.mode],
        "presets": sorted(project.presets),
        "queue": [job.id for job in project.queue],
        "current": project.current.name if project.current else None,
        "folder": project.pool.current.name,
        "pool": _folder(project.pool.root),
        "timelines": {timeline.name: _timeline(timeline) for timeline in project.timelines},
    }


def _folder(folder: Any) -> dict[str, Any]:
    return {
        "items": [
            {"name": i.name, "properties": dict(i.properties), "third": dict(i.third),
             "metadata": dict(i.metadata), "color": i.color,
             "markers": {str(k): v for k, v in i.markers.items()}}
            for i in folder.items
        ],
        "folders": {f.name: _folder(f) for f in folder.folders},
    }  # fmt: skip


def _timeline(timeline: Any) -> dict[str, Any]:
    return {
        "start": timeline.start,
        "rate": str(timeline.rate),
        "size": [timeline.width, timeline.height],
        "marks": dict(timeline.marks),
        "playhead": timeline.playhead,
        "settings": dict(timeline.settings),
        "markers": {str(k): v for k, v in timeline.markers.items()},
        "tracks": [
            {"name": t.name, "enabled": t.enabled, "locked": t.locked,
             "items": [_item(i) for i in t.items]}
            for t in timeline.tracks
        ],
    }  # fmt: skip


def _item(item: Any) -> dict[str, Any]:
    return {
        "name": item.name,
        "span": [item.start, item.length, item.left],
        "speed": item.speed,
        "media": item.media_item.name if item.media_item else None,
        "enabled": item.enabled,
        "gain": item.gain,
        "properties": dict(item.properties),
        "markers": {str(k): v for k, v in item.markers.items()},
        "color": item.color,
        "takes": [[t[0].name, t[1], t[2]] for t in item.takes],
        "selected": item.selected,
        "comps": dict(item.comps),
        "comp": item.comp,
    }
