"""A film to make, as plain data that travels to a worker. Neither an address nor a secret is in it.

The media are files in the shared folder by then, so nothing of Coze's output is left but the texts of the film.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cozebatch.model.task import Task
from cozebatch.ports import Job, Media
from cozebatch.synthesis.cluster.paths import from_shared, to_shared
from cozebatch.synthesis.names import digest
from cozebatch.synthesis.options import Pick, SynthesisOptions

PROTOCOL = 1
"""Raised when the data below, or what a worker answers, changes its meaning."""

TEXTS = ("title", "content", "cover_title", "cover_subtitle", "captions")
"""The parts of a film that are texts; the other outputs are media."""

_PLAIN = (
    *("mode", "width", "height", "fps", "timeout", "encoder", "preset", "crf", "lang", "workers"),
    *("background_music_volume", "draft_media_root", "draft_media"),
)
_PATHS = ("background_music_path", "draft_folder_path")
_COVER = "cover_background"


@dataclass(frozen=True)
class Spec:
    """One film to make. `nonce` is new for each try; all paths are relative to the share."""

    nonce: str
    run_id: str
    submitted_at: float
    task: Mapping[str, Any] = field(repr=False)
    output: Mapping[str, Any] = field(repr=False)
    media: Mapping[str, Any] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """The name of this try in the cluster. Dask would take the result of another job of the same name."""
        return f"film-{self.run_id}-{digest(str(self.task['task_id']))}-{self.nonce}"

    def to_json(self) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "nonce": self.nonce,
            "run_id": self.run_id,
            "submitted_at": self.submitted_at,
            "task": dict(self.task),
            "output": dict(self.output),
            "media": dict(self.media),
            "options": dict(self.options),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Spec:
        """Raises `ValueError` for another protocol, `KeyError` for what is missing."""
        if value["protocol"] != PROTOCOL:
            raise ValueError(f"protocol {value['protocol']}, not {PROTOCOL}")
        names = ("nonce", "run_id", "submitted_at", "task", "output", "media", "options")
        return cls(**{name: value[name] for name in names})

    def job(self) -> Job:
        """The same for the synthesizer of a worker."""
        return Job(self.run_id, Task.from_json(self.task), self.output, submitted_at=self.submitted_at)

    def media_at(self, share: str) -> Media:
        """Where the media lie for a machine that sees the shared folder as `share`. Raises `NotShared`."""
        files = {name: _map(value, lambda path: from_shared(path, share)) for name, value in self.media.items()}
        return Media({name: tuple(value) if isinstance(value, list) else value for name, value in files.items()})


def spec_of(
    job: Job,
    media: Media,
    *,
    options: Mapping[str, Any],
    outputs: Mapping[str, str],
    pick: Pick,
    share: str,
    nonce: str,
) -> Spec:
    """The job as it travels. `options` is what `shared_options` made. Raises `NotShared`."""
    texts = {part: pick(job.output, outputs[part]) for part in TEXTS if part in outputs}
    return Spec(
        nonce=nonce,
        run_id=job.run_id,
        submitted_at=job.submitted_at,
        task=job.task.to_json(),
        output={part: value for part, value in texts.items() if value is not None},
        media={name: _map(value, lambda path: to_shared(path, share)) for name, value in media.files.items()},
        options=options,
    )


def shared_options(options: SynthesisOptions, share: str) -> dict[str, Any]:
    """The options that a worker needs. Raises `NotShared` for a folder or file outside the share."""

    def travel(path: str | Path) -> str:
        return to_shared(str(Path(path).absolute()), share)

    made: dict[str, Any] = {name: getattr(options, name) for name in _PLAIN}
    if options.mode != "draft":
        made["output_dir"] = travel(options.output_dir)
    made["media_dir"] = travel(options.media_dir)
    for name in _PATHS:
        value = getattr(options, name)
        is_needed = name != "draft_folder_path" or options.mode in ("draft", "both")
        made[name] = travel(value) if value and is_needed else None
    made["texts"] = [part for part in TEXTS if part in options.outputs]
    made["template_config"] = _with_covers(options.template_config, travel)
    return made


def options_at(value: Mapping[str, Any], share: str, *, owner: str, processors: int) -> SynthesisOptions:
    """The options of a worker that sees the shared folder as `share`. Raises `NotShared`.

    `owner` marks this machine's scratch folders; `processors` are its share of the machine.
    """

    def arrive(path: str) -> str:
        return from_shared(path, share)

    facts: dict[str, Any] = {name: value[name] for name in _PLAIN}
    facts |= {name: None if value[name] is None else arrive(value[name]) for name in _PATHS}
    return SynthesisOptions(
        **facts,
        output_dir=Path(arrive(value.get("output_dir", ""))),
        media_dir=Path(arrive(value["media_dir"])),
        outputs={part: part for part in value["texts"]},
        template_config=_with_covers(value["template_config"], arrive),
        owner=owner,
        processors=processors,
    )


def _with_covers(config: Mapping[str, Any], convert: Callable[[str], str]) -> dict[str, Any]:
    """The styles with the paths of their cover pictures converted; named templates lie one level deeper."""

    def converted(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: converted(key, inner) for key, inner in value.items()}
        if name == _COVER and isinstance(value, str) and value.strip():
            return convert(value.strip())
        return value

    return {name: converted(name, value) for name, value in config.items()}


def _map(value: Any, convert: Callable[[str], str]) -> Any:
    return convert(value) if isinstance(value, str) else [convert(path) for path in value]
