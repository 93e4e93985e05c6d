"""Verifies a draft: reads it back from disk with the standard library alone and compares it with the plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.synthesis.compose.timeline import SECOND, Timeline
from cozebatch.synthesis.draft.build import MEDIA_FOLDER
from cozebatch.synthesis.draft.editor_form import dangling_references


@dataclass(frozen=True, slots=True)
class DraftReport:
    """What was found in a draft; it is sound when there are no `faults`."""

    duration_us: int
    clips: int
    texts: int
    captions: int
    media: int
    faults: tuple[str, ...]


def verify_draft(folder: Path, timeline: Timeline, *, media_prefix: str) -> DraftReport:
    """Whether the draft in `folder` parses, every file it names exists here (in `folder` what stands behind
    `media_prefix`), every range lies inside its source and the film, every reference leads somewhere, and texts count
    as planned."""
    try:
        content = json.loads((folder / "draft_content.json").read_text(encoding="utf-8"))
        meta = json.loads((folder / "draft_meta_info.json").read_text(encoding="utf-8"))
        if json.loads((folder / "draft_info.json").read_text(encoding="utf-8")) != content:
            return DraftReport(0, 0, 0, 0, 0, ("draft_info.json and draft_content.json differ",))
        return _check(folder, timeline, content, meta, media_prefix)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return DraftReport(0, 0, 0, 0, 0, (f"the draft cannot be read: {type(error).__name__} {error}",))


def _check(
    folder: Path, timeline: Timeline, content: Mapping[str, Any], meta: Mapping[str, Any], prefix: str
) -> DraftReport:
    faults: list[str] = []
    lengths: dict[str, int | None] = {}
    media = [*content["materials"]["videos"], *content["materials"]["audios"]]
    for material in media:
        name = str(material["path"])
        lengths[material["id"]] = None if material.get("type") == "photo" else int(material["duration"])
        inside = name.startswith(prefix)
        local = folder / MEDIA_FOLDER / name.removeprefix(prefix) if inside else Path(name)
        if not (inside or local.is_absolute()) or not local.is_file() or local.stat().st_size == 0:
            faults.append(f"{name} does not exist")
    for material in content["materials"]["texts"]:
        lengths[material["id"]] = None
        json.loads(material["content"])
    clips = texts = captions = 0
    tolerance = 2 * SECOND // timeline.fps
    for track in content["tracks"]:
        end = 0
        for segment in track["segments"]:
            target, source = segment["target_timerange"], segment.get("source_timerange")
            if segment["material_id"] not in lengths:
                faults.append(f"a segment of {track['name']} has no material")
            longest = lengths.get(segment["material_id"])
            if source is not None and longest is not None and source["start"] + source["duration"] > longest:
                faults.append(f"a segment of {track['name']} leaves its source")
            if target["start"] < end or target["start"] + target["duration"] > timeline.duration:
                faults.append(f"a segment of {track['name']} overlaps or leaves the film")
            end = target["start"] + target["duration"]
            clips += track["type"] != "text"
            texts += track["type"] == "text"
            captions += track["name"] == "caption"
        if track["name"] == "voice" and timeline.voice and end < timeline.voice[-1].target.end - tolerance:
            faults.append(f"the voice ends at {end}, not {timeline.voice[-1].target.end}")
        if track["name"] == "main" and abs(end - timeline.duration) > tolerance:
            faults.append(f"the main track ends at {end}, not {timeline.duration}")
    if captions != len(timeline.of_role("caption")) or texts != len(timeline.texts):
        faults.append(f"{texts} texts and {captions} captions, not as planned")
    faults += [f"the material {ref} does not exist" for ref in dangling_references(content)]
    listed = {item["id"] for group in meta["draft_materials"] for item in group["value"]}
    faults += [f"{m['path']} is not among the draft's media" for m in media if m["local_material_id"] not in listed]
    if not meta["draft_name"] or not meta["draft_id"] or meta["tm_duration"] != content["duration"]:
        faults.append("the draft's own facts are incomplete")
    return DraftReport(int(content["duration"]), clips, texts, captions, len(media), tuple(faults))
