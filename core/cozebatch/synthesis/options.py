"""The options of synthesis as plain values, so that this room knows nothing of configuration files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cozebatch.model.text import Lang

Mode = Literal["draft", "video", "both", "none", "command"]

Pick = Callable[[Mapping[str, Any], str], Any]
"""`pick(output, key)`: the value under a key, which may be dotted; None where there is none."""

DEFAULT_OUTPUTS: Mapping[str, str] = MappingProxyType(
    {
        "video": "videoUrl",
        "audio": "audioUrl",
        "title": "title",
        "content": "content",
        "cover_title": "shortTitle",
        "cover_subtitle": "wrapTitle",
        "captions": "captions",
        "images": "images",
    }
)
"""Our name of an output → its key in Coze's result (docs/contract.md §2)."""

SECRET_VARIABLES = ("COZE_API_TOKEN", "FEISHU_APP_SECRET")


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """All options of synthesis. Sizes in pixels, `fps` in frames and `timeout` in seconds.

    `media_dir` keeps downloads until their film is done. `secret_variables` and the two well-known ones are taken
    out of the environment of every child process. `ffmpeg` is None for the one that came with the package, `system`
    for the one on the PATH, or a path. `encoder` is an ffmpeg encoder name, or `auto` for the first hardware encoder
    that passes a real test encode. `crf` and `preset` are libx264's. `lang` is that of a product's message.
    `draft_media`: all media lie in the draft, named so that its folder can be moved; or the user's own stay where they
    are, and the others have absolute paths. `owner` is the random id of the state folder: scratch folders carry it, and
    only those of the same owner are swept; empty, nothing is swept. `processors`: how many films may use; 0: all.
    """

    mode: Mode
    output_dir: Path
    media_dir: Path
    outputs: Mapping[str, str] = field(default_factory=lambda: DEFAULT_OUTPUTS)
    max_media_mb: float = 2048
    width: int = 1080
    height: int = 1920
    fps: int = 30
    timeout: float = 1800
    background_music_path: str | None = None
    background_music_volume: float = 0.3
    draft_folder_path: str | None = None
    draft_media_root: str | None = None
    draft_media: Literal["in_draft", "in_place"] = "in_draft"
    command: tuple[str, ...] | None = None
    template_config: Mapping[str, Any] = field(default_factory=dict)
    allow_loopback: bool = False
    workers: int = 4
    secret_variables: tuple[str, ...] = ()
    ffmpeg: str | None = None
    encoder: str = "libx264"
    preset: str = "veryfast"
    crf: int = 21
    lang: Lang = "zh"
    owner: str = ""
    processors: int = 0

    def child_environment(self) -> dict[str, str]:
        """The environment for child processes: ours without the secrets. A Python among them reads and writes UTF-8,
        whatever code page Windows has."""
        kept = without_secrets(os.environ, self.secret_variables)
        return {"PYTHONUTF8": "1"} | kept | {"PYTHONIOENCODING": "utf-8"}


def without_secrets(environment: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """An environment without the variables that hold secrets: the two well-known ones, and `more`."""
    hidden = {*SECRET_VARIABLES, *more}
    return {name: value for name, value in environment.items() if name not in hidden}
