"""Brings a draft as pyJianYingDraft writes it into the form in which the editor itself saves one.

Compared with drafts that JianYing 3.3 to 5.5 and CapCut 5.8 to 8.9 saved (docs/drafts.md §2, §3):

- every id in `extra_material_refs` is that of a material; a text's is its `material_animations`
- the track of a picture over the picture has the flag 2, one of captions 1, all others 0
- `render_index` is 0 on the main track and for sound, counts from 1 for pictures over it, from 14000 for captions and
  from 14400 for other texts; `track_render_index` is the track's place
- captions are of the type `subtitle`; an imported file of captions shares one `group_id`, and batch editing goes by it
- media are listed in `draft_materials` of the meta file too, under the id that is the material's `local_material_id`;
  without that JianYing 11 and CapCut 9 on macOS show them as missing
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

CAPTION_ROLES = ("caption", "english")
MAIN_TRACK = "main"
_OVERLAY, _CAPTIONS = 2, 1
_CAPTION_INDEX, _TEXT_INDEX = 14_000, 14_400
_IMPORTED = 2

NewId = Callable[[str], str]
"""A stable id for what is named."""


def to_editor_form(content: dict[str, Any], new_id: NewId, *, made_at_ms: int) -> None:
    """Change `content` (`draft_content.json`) in place."""
    materials = content["materials"]
    texts = {text["id"]: text for text in materials["texts"]}
    captions = [track for track in content["tracks"] if track["name"] in CAPTION_ROLES]
    indices = _Indices(sum(len(track["segments"]) for track in captions))
    for place, track in enumerate(content["tracks"]):
        is_caption = track["name"] in CAPTION_ROLES
        overlay = track["type"] == "video" and track["name"] != MAIN_TRACK
        track["flag"] = _OVERLAY if overlay else _CAPTIONS if is_caption else 0
        for number, segment in enumerate(track["segments"]):
            segment["track_render_index"] = place
            segment["render_index"] = indices.take(track["type"], overlay=overlay, is_caption=is_caption)
            if track["type"] == "text":
                animation = new_id(f"animation {track['name']} {number}")
                segment["extra_material_refs"] = [animation]
                materials["material_animations"].append(
                    {"animations": [], "id": animation, "multi_language_current": "none", "type": "sticker_animation"}
                )
                _text(texts[segment["material_id"]], is_caption, f"import_{made_at_ms}")
    for kind in ("videos", "audios"):
        for material in materials[kind]:
            material["local_material_id"] = new_id(f"local {material['path']}").lower()


def draft_materials(
    content: Mapping[str, Any], whole_path: Callable[[str], str], imported_at_us: int
) -> list[dict[str, Any]]:
    """The `draft_materials` of the meta file: every medium of the draft once, under the path it has when the draft is
    made, as the editor writes it there."""
    items: dict[str, dict[str, Any]] = {}
    for kind in ("videos", "audios"):
        for material in content["materials"][kind]:
            still = material.get("type") == "photo"
            whole = {"duration": -1, "start": -1}
            items[material["local_material_id"]] = {
                "create_time": imported_at_us // 1_000_000,
                "duration": 5_000_000 if still else material["duration"],
                "extra_info": material.get("material_name") or material.get("name", ""),
                "file_Path": whole_path(material["path"]),
                "height": material.get("height", 0),
                "id": material["local_material_id"],
                "import_time": imported_at_us // 1_000_000,
                "import_time_ms": imported_at_us,
                "item_source": 1,
                "md5": "",
                "metetype": "music" if kind == "audios" else "photo" if still else "video",
                "roughcut_time_range": whole if still else {"duration": material["duration"], "start": 0},
                "sub_time_range": whole,
                "type": 0,
                "width": material.get("width", 0),
            }
    return [{"type": kind, "value": list(items.values()) if kind == 0 else []} for kind in (0, 1, 2, 3, 6, 7, 8)]


def dangling_references(content: Mapping[str, Any]) -> list[str]:
    """Ids in `extra_material_refs` that no material has."""
    known = {
        item["id"]
        for items in content["materials"].values()
        if isinstance(items, list)
        for item in items
        if isinstance(item, dict) and "id" in item
    }
    segments = (segment for track in content["tracks"] for segment in track["segments"])
    return [ref for segment in segments for ref in segment["extra_material_refs"] if ref not in known]


class _Indices:
    """Hands out each segment's `render_index`: what is drawn later has a larger one."""

    def __init__(self, captions: int) -> None:
        self._overlay = 0
        self._caption = _CAPTION_INDEX - 1
        self._text = max(_TEXT_INDEX, _CAPTION_INDEX + captions) - 1

    def take(self, kind: str, *, overlay: bool, is_caption: bool) -> int:
        if overlay:
            self._overlay += 1
            return self._overlay
        if kind != "text":
            return 0
        if is_caption:
            self._caption += 1
            return self._caption
        self._text += 1
        return self._text


def _text(material: dict[str, Any], is_caption: bool, group: str) -> None:
    styles = json.loads(material["content"])["styles"]
    material |= {
        "add_type": _IMPORTED if is_caption else 0,
        "group_id": group if is_caption else "",
        "is_rich_text": len(styles) > 1,
        "language": "",
        "recognize_task_id": "",
        "recognize_type": 0,
        "sub_type": 0,
        "type": "subtitle" if is_caption else "text",
        "words": {"end_time": [], "start_time": [], "text": []},
    }
