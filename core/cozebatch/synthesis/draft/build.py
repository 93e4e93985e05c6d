"""Writes a JianYing draft from a timeline. Runs in a worker process, where importing pyJianYingDraft costs nobody else.

Facts of pyJianYingDraft 0.3.1: materials are plain values whose `path` stands in the draft as it is; ids, names and
folders of a draft are constants of its template and have to be set.
"""

from __future__ import annotations

import difflib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.synthesis.compose.timeline import Clip, Source, TextClip, Timeline
from cozebatch.synthesis.draft.editor_form import draft_materials, to_editor_form

DEFAULT_FONT = "俪金黑"
TITLE_FONT = "阳华体"
MEDIA_FOLDER = "materials"
PLACEHOLDER = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
"""How the editor itself names a draft's own folder in paths, so that it can be moved; the same in all drafts."""
CONTENT_NAMES = ("draft_content.json", "draft_info.json")
"""The name up to JianYing 5.9, and the one of JianYing on macOS and of newer versions: the same in both files."""
_LOUDEST = 10.0
_AS_LONG_AS_SHOWN = 10_800_000_000
"""µs: the length that the editor gives to a still."""
_CLOSE = 0.6


@dataclass(frozen=True, slots=True)
class Order:
    """What to write. `folder` is the draft's (private) folder here with the media in it already, `shown_folder` what
    that folder will be called on the machine that opens it, `media_prefix` what stands before a medium's name in a path
    there, `files` source path → file name in `materials`, or the whole path of what stays where it is.
    `made_at` in Unix seconds. `identity` makes the draft's ids: the same one the same ids."""

    timeline: Timeline
    folder: str
    name: str
    shown_root: str
    shown_folder: str
    separator: str
    media_prefix: str
    files: Mapping[str, str]
    identity: str
    made_at: float
    has_cover: bool


@dataclass(frozen=True, slots=True)
class Built:
    """`fonts`: font names that JianYing does not have → the font taken instead."""

    fonts: Mapping[str, str]


def build(order: Order) -> Built:
    """Write the draft's JSON files."""
    return _Builder(order).build()


class _Builder:
    def __init__(self, order: Order) -> None:
        import pyJianYingDraft

        self._lib: Any = pyJianYingDraft
        self._order = order
        self._materials: dict[tuple[str, str], Any] = {}
        self._fonts: dict[str, str] = {}

    def build(self) -> Built:
        order, lib = self._order, self._lib
        timeline = order.timeline
        script = lib.ScriptFile(timeline.width, timeline.height, timeline.fps, True)
        self._sound_and_picture(script)
        for role in ("caption", "english", "title", "cover_title", "cover_subtitle"):
            clips = [text for text in timeline.texts if text.role == role]
            if clips:
                track = script.append_track(lib.TrackSpec(lib.TrackType.text, role))
                for clip in clips:
                    script.add_segment(self._text(clip), track)
        script.content["id"] = _id(order.identity, "content")
        script.content["name"] = order.name
        content = json.loads(script.dumps())
        made_at = int(order.made_at * 1_000_000)
        to_editor_form(content, lambda what: _id(order.identity, what), made_at_ms=made_at // 1000)
        text = json.dumps(content, ensure_ascii=False, indent=1)
        for name in CONTENT_NAMES:
            Path(order.folder, name).write_text(text, encoding="utf-8")
        self._write_meta(content, made_at)
        return Built(dict(self._fonts))

    def _sound_and_picture(self, script: Any) -> None:
        lib, timeline = self._lib, self._order.timeline
        gain = min(_LOUDEST, 10 ** (timeline.gain_db / 20))
        own_sound = bool(timeline.voice) and timeline.voice[0].source.name == "video"
        main = script.append_track(lib.TrackSpec(lib.TrackType.video, "main"))
        for clip in timeline.picture:
            script.add_segment(self._video(clip, gain if own_sound else 0.0), main)
        if timeline.cover is not None:
            track = script.append_track(lib.TrackSpec(lib.TrackType.video, "cover"))
            script.add_segment(self._video(timeline.cover, 0.0, fill=True), track)
        if timeline.voice and not own_sound:
            track = script.append_track(lib.TrackSpec(lib.TrackType.audio, "voice"))
            for clip in timeline.voice:
                script.add_segment(self._audio(clip, gain), track)
        if timeline.music is not None:
            track = script.append_track(lib.TrackSpec(lib.TrackType.audio, "music"))
            loops = list(timeline.music.loops(timeline.duration))
            for number, clip in enumerate(loops):
                segment = self._audio(clip, timeline.music.volume)
                fade_in = timeline.music.fade_in if number == 0 else 0
                fade_out = timeline.music.fade_out if number == len(loops) - 1 else 0
                if fade_in or fade_out:
                    most = segment.target_timerange.duration
                    segment.add_fade(min(fade_in, most // 2), min(fade_out, most // 2))
                script.add_segment(segment, track)

    def _video(self, clip: Clip, volume: float, *, fill: bool = False) -> Any:
        lib = self._lib
        material = self._material(clip.source, lib.VideoMaterial)
        target, source = self._ranges(clip)
        settings = None
        if fill and material.width and material.height:
            across = self._order.timeline.width / material.width
            down = self._order.timeline.height / material.height
            scale = max(across, down) / min(across, down)
            settings = lib.ClipSettings(scale_x=scale, scale_y=scale)
        return lib.VideoSegment(
            material, target, source_timerange=source, speed=1.0, volume=volume, clip_settings=settings
        )

    def _audio(self, clip: Clip, volume: float) -> Any:
        material = self._material(clip.source, self._lib.AudioMaterial)
        target, source = self._ranges(clip)
        return self._lib.AudioSegment(material, target, source_timerange=source, speed=1.0, volume=volume)

    def _ranges(self, clip: Clip) -> tuple[Any, Any]:
        """Target and source ranges."""
        length = clip.target.duration
        return self._lib.Timerange(clip.target.start, length), self._lib.Timerange(clip.source_start, length)

    def _material(self, source: Source, kind: Any) -> Any:
        """A material made of what was measured. pyJianYingDraft would read the file with MediaInfo, which does not turn
        a phone's clip, tells no length of raw AAC, and has crashed."""
        key = (source.path, kind.__name__)
        if key not in self._materials:
            file = self._order.files[source.path]
            material = kind.__new__(kind)
            material.material_id = uuid.uuid4().hex
            material.material_name = Path(file).name
            material.path = file if os.path.isabs(file) else self._order.media_prefix + file
            material.duration = _AS_LONG_AS_SHOWN if source.kind == "image" else source.duration_us
            if kind is self._lib.VideoMaterial:
                material.local_material_id = ""
                material.crop_settings = self._lib.CropSettings()
                material.material_type = "photo" if source.kind == "image" else "video"
                material.width, material.height = source.width, source.height
            self._materials[key] = material
        return self._materials[key]

    def _text(self, clip: TextClip) -> Any:
        lib, look = self._lib, clip.look
        style = lib.TextStyle(
            size=look.size,
            bold=look.bold,
            color=_rgb(look.color),
            align={"left": 0, "center": 1, "right": 2}[look.align],
            line_spacing=round(look.line_spacing),
            max_line_width=look.max_width,
        )
        background = None
        if look.background is not None:
            background = lib.TextBackground(color=look.background, alpha=look.background_alpha, round_radius=0.1)
        outline = None if look.outline is None else lib.TextBorder(color=_rgb(look.outline), width=look.outline_width)
        segment = lib.TextSegment(
            clip.text,
            lib.Timerange(clip.target.start, clip.target.duration),
            font=self._font(look.font or (TITLE_FONT if clip.role in ("title", "cover_title") else DEFAULT_FONT)),
            style=style,
            clip_settings=lib.ClipSettings(transform_x=look.x, transform_y=look.y),
            border=outline,
            background=background,
            shadow=lib.TextShadow(alpha=0.8, diffuse=20.0, distance=8.0) if look.shadow else None,
        )
        plain = segment.export_material()
        segment.export_material = lambda: _with_highlights(plain, clip)
        return segment

    def _font(self, wanted: str) -> Any:
        fonts = self._lib.FontType.__members__
        by_title = {member.value.name: key for key, member in fonts.items()}
        key = wanted if wanted in fonts else by_title.get(wanted)
        if key is None:
            near = difflib.get_close_matches(wanted, [*by_title], 1, _CLOSE)
            key = by_title[near[0]] if near else DEFAULT_FONT
            self._fonts[wanted] = fonts[key].value.name
        return fonts[key]

    def _whole_path(self, path: str) -> str:
        order = self._order
        inside = path.removeprefix(f"{PLACEHOLDER}/")
        return path if inside == path else order.separator.join((order.shown_folder, *inside.split("/")))

    def _write_meta(self, content: Mapping[str, Any], made_at: int) -> None:
        from pyJianYingDraft import assets

        order = self._order
        meta = json.loads(Path(assets.get_asset_path("DRAFT_META_TEMPLATE")).read_text(encoding="utf-8"))
        meta |= {
            "draft_id": _id(order.identity, "meta"),
            "draft_name": order.name,
            "draft_fold_path": order.shown_folder,
            "draft_root_path": order.shown_root,
            "draft_cover": "draft_cover.jpg" if order.has_cover else "",
            "tm_draft_create": made_at,
            "tm_draft_modified": made_at,
            "tm_duration": content["duration"],
            "draft_materials": draft_materials(content, self._whole_path, made_at),
        }
        text = json.dumps(meta, ensure_ascii=False, indent=1)
        Path(order.folder, "draft_meta_info.json").write_text(text, encoding="utf-8")


def _with_highlights(material: dict[str, Any], clip: TextClip) -> dict[str, Any]:
    """A text material whose styles follow the runs. Ranges count UTF-16 units, as JianYing's own strings do."""
    content = json.loads(material["content"])
    base = content["styles"][0]
    styles: list[dict[str, Any]] = []
    at = 0
    for number, line in enumerate(clip.lines):
        for place, run in enumerate(line):
            last = place == len(line) - 1 and number < len(clip.lines) - 1
            end = at + _utf16(run.text) + (1 if last else 0)
            style = json.loads(json.dumps(base))
            style["range"] = [at, end]
            if run.highlighted:
                style["fill"]["content"]["solid"]["color"] = list(_rgb(clip.look.highlight_color))
                style["size"] = clip.look.highlight_size or clip.look.size
            styles.append(style)
            at = end
    content["styles"] = styles
    return {**material, "content": json.dumps(content, ensure_ascii=False)}


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _rgb(color: str) -> tuple[float, float, float]:
    digits = color.removeprefix("#")
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def _id(identity: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"cozebatch:{what}:{identity}")).upper()
