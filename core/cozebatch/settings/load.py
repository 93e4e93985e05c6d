"""From a file, the environment and the command line's overrides to `Settings`, with every complaint at once.

The way: parse, replace `${NAME}`, put keys in order (spaces, unknown names), fill in what the environment and the
options give, check what concerns several keys, let the models check each value, word what they found.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.settings import jsonc
from cozebatch.settings.complaints import Path as KeyPath
from cozebatch.settings.complaints import at, dotted, nearest_key, wordings
from cozebatch.settings.cross import cross_checks
from cozebatch.settings.feishu_model import FilterCondition
from cozebatch.settings.implied import default_filter, read_base_link, read_workflow_link, value_at
from cozebatch.settings.model import DEFAULT_COZE_URL, Settings
from cozebatch.settings.stored_secrets import Stored, name_in_keyring, nothing_stored
from cozebatch.settings.values import Replaced, Unset, looks_like_placeholder

OVERRIDES: Mapping[str, KeyPath] = MappingProxyType(
    {name: ("workflow_config", name) for name in ("max_coze_concurrent", "max_synthesis_workers", "poll_interval")}
)
FALLBACKS: Mapping[KeyPath, str] = MappingProxyType(
    {
        ("workflow_config", "coze_config", "token"): "COZE_API_TOKEN",
        ("api_config", "app_secret"): "FEISHU_APP_SECRET",
    }
)
FEISHU_ONLY = ("api_config", "tables")

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


def load_settings(
    path: Path,
    *,
    env: Mapping[str, str],
    overrides: Mapping[str, object] = _NO_OVERRIDES,
    need_feishu: bool | None,
    stored: Stored = nothing_stored,
) -> tuple[Settings, list[Text]]:
    """The settings of a file, and warnings about it.

    `overrides` are the options a person typed: `max_coze_concurrent`, `max_synthesis_workers`, `poll_interval`
    (seconds). `stored` gives a secret that neither the file nor the environment has. Without `need_feishu` the sections
    only Feishu needs may be missing or wrong, and are left out; with None they are needed when the file has an
    `api_config`. Raises `UsageError` with all complaints at once.
    """
    twice: list[str] = []
    raw = jsonc.load(path, on_duplicate=twice.append)
    settings, warnings = parse_settings(
        raw, env=env, overrides=overrides, need_feishu=need_feishu, place=str(path), stored=stored
    )
    repeated = [
        Text(
            f"{path}：键“{key}”在同一处写了两次，后一个有效。",
            f'{path}: the key "{key}" stands twice, the last one counts.',
        )
        for key in dict.fromkeys(twice)
        if key.isidentifier() and len(key) <= 40
    ]
    return settings, repeated + warnings


def parse_settings(
    raw: object,
    *,
    env: Mapping[str, str] = MappingProxyType({}),
    overrides: Mapping[str, object] = _NO_OVERRIDES,
    need_feishu: bool | None = False,
    place: str = "configuration",
    stored: Stored = nothing_stored,
) -> tuple[Settings, list[Text]]:
    """The same for a mapping in memory; `place` names it in complaints. `raw` is not changed."""
    if not isinstance(raw, Mapping):
        raise UsageError(
            Text(f"{place}：最外层应为对象 {{…}}。", f"{place}: the outermost value should be an object {{…}}.")
        )
    if need_feishu is None:
        need_feishu = any(str(key).strip() == "api_config" and value is not None for key, value in raw.items())
    found = _Findings(place, need_feishu)
    document = _replace_variables(copy.deepcopy(dict(raw)), (), env, found)
    document = _known_keys(document, Settings, (), found)
    if not need_feishu:
        # Sections this run does not use only give a warning.
        found.forgiving = True
        _validate({k: v for k, v in document.items() if k in FEISHU_ONLY}, found, only=FEISHU_ONLY)
        found.forgiving = False
        document = {k: v for k, v in document.items() if k not in FEISHU_ONLY}
    _fill_secrets(document, env)
    _override(document, overrides)
    read_workflow_link(document)
    if need_feishu:
        read_base_link(document)
        default_filter(document)
    _fill_stored(document, stored)
    borrowed = {path for path in FALLBACKS if isinstance(value_at(document, path), Replaced)}
    cross_checks(document, found.add, found.warn, need_feishu=need_feishu)
    settings = _validate(document, found)
    if found.complaints or settings is None:
        raise UsageError(*found.complaints.values())
    settings.note_borrowed(borrowed)
    return settings, found.warnings


class _Findings:
    """The complaints (one a key path) and warnings gathered on the way."""

    def __init__(self, place: str, need_feishu: bool) -> None:
        self.place = place
        self.need_feishu = need_feishu
        self.complaints: dict[KeyPath, Text] = {}
        self.warnings: list[Text] = []
        self.forgiving = False

    def add(self, path: KeyPath, zh: str, en: str) -> None:
        self.add_text(path, at(self.place, path, zh, en))

    def add_text(self, path: KeyPath, text: Text) -> None:
        if self.forgiving or (not self.need_feishu and path and path[0] in FEISHU_ONLY):
            self.warnings.append(
                Text(f"{text.zh}（本次不从飞书取任务，先不管它）", f"{text.en} (not needed for this run)")
            )
            return
        self.complaints.setdefault(path, text)

    def warn(self, path: KeyPath, zh: str, en: str) -> None:
        self.warnings.append(at(self.place, path, zh, en))


def _replace_variables(value: Any, path: KeyPath, env: Mapping[str, str], found: _Findings) -> Any:
    if isinstance(value, dict):
        return {key: _replace_variables(v, (*path, str(key).strip()), env, found) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_variables(v, (*path, i), env, found) for i, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    missing: list[str] = []

    def variable(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name not in env:
            missing.append(name)
            return ""
        return env[name]

    text = _VARIABLE.sub(variable, value)
    for name in missing:
        found.add(
            path,
            f"用到的环境变量 {name[:60]} 没有设置：请先设置它，或在文件里直接写值",
            f"the environment variable {name[:60]} is not set: set it, or write the value into the file",
        )
    # A complaint is made already: an empty value must not bring a second, misleading one.
    return Unset(text) if missing else Replaced(text)


def _known_keys(value: Any, model: type[BaseModel], path: KeyPath, found: _Findings) -> Any:
    """The same object with tidy keys; what no model knows is left out with a warning."""
    if not isinstance(value, dict):
        return value
    tidy: dict[str, Any] = {}
    for key, inner in value.items():
        name = str(key).strip()
        where = (*path, name)
        if name in model.model_fields:
            if name in tidy:
                found.add(where, "写了两次（只差空格）", "stands twice (the keys differ in spaces only)")
            tidy[name] = _known_inside(inner, model.model_fields[name].annotation, where, found)
        elif not (name == "$schema" and not path):
            _unknown_key(name, model, path, found)
    return tidy


def _known_inside(value: Any, annotation: Any, path: KeyPath, found: _Findings) -> Any:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return _known_keys(value, candidate, path, found)
    if get_origin(annotation) is list and isinstance(value, list):
        (member,) = get_args(annotation)
        return [_known_inside(v, member, (*path, i), found) for i, v in enumerate(value)]
    if get_origin(annotation) is dict and isinstance(value, dict):
        return {str(key).strip(): inner for key, inner in value.items()}
    return value


def _unknown_key(name: str, model: type[BaseModel], path: KeyPath, found: _Findings) -> None:
    shown = name if len(name) <= 60 and name.isprintable() else "?"
    where = (*path, shown)
    guess = nearest_key(shown, model.model_fields)
    elsewhere = None if guess else _home_of(shown)
    hint = Text("", "")
    if guess:
        hint = Text(f"，是否想写 {guess}？", f", did you mean {guess}?")
    elif elsewhere:
        hint = Text(f"，它应写在 {elsewhere}", f", it belongs at {elsewhere}")
    else:
        names = Text.listed(model.model_fields)
        hint = Text(f"，这里可写：{names.zh}", f", known here: {names.en}")
    if issubclass(model, FilterCondition) or "filter_condition" in path:
        # Left out silently, a part of the filter would let more rows run, and be paid, than was meant.
        found.add(where, f"飞书筛选里没有这个键{hint.zh}", f"is no part of a Feishu filter{hint.en}")
        return
    found.warn(where, f"不认识这个键，已忽略{hint.zh}", f"is unknown and ignored{hint.en}")


def _home_of(name: str) -> str | None:
    def search(model: type[BaseModel], path: KeyPath) -> str | None:
        for key, field in model.model_fields.items():
            if key == name:
                return dotted((*path, key))
            for candidate in (field.annotation, *get_args(field.annotation)):
                if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                    home = search(candidate, (*path, key))
                    if home:
                        return home
        return None

    return search(Settings, ())


def _fill_secrets(document: dict[str, Any], env: Mapping[str, str]) -> None:
    for path, variable in FALLBACKS.items():
        given = env.get(variable, "")
        holder = value_at(document, path[:-1])
        if not given.strip() or not isinstance(holder, dict):
            continue
        written = holder.get(str(path[-1]))
        if written is None or (isinstance(written, str) and (not written.strip() or looks_like_placeholder(written))):
            holder[str(path[-1])] = Replaced(given)


def _fill_stored(document: dict[str, Any], stored: Stored) -> None:
    """The keyring comes last: it is asked only for a secret that neither file nor environment has."""
    for path, variable in FALLBACKS.items():
        holder = value_at(document, path[:-1])
        if not isinstance(holder, dict) or holder.get(str(path[-1])):
            continue
        of = holder.get("base_url", DEFAULT_COZE_URL) if variable == "COZE_API_TOKEN" else holder.get("app_id")
        found = stored(name_in_keyring(variable, of)) if isinstance(of, str) else None
        if found:
            holder[str(path[-1])] = Replaced(found)


def _override(document: dict[str, Any], overrides: Mapping[str, object]) -> None:
    for name, value in overrides.items():
        section = value_at(document, OVERRIDES[name][:-1])
        if value is not None and isinstance(section, dict):
            section[name] = value


def _validate(document: dict[str, Any], found: _Findings, only: tuple[str, ...] = ()) -> Settings | None:
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        problems = list(wordings(error, Settings, found.place))
    for path, text in problems:
        if only and (not path or path[0] not in only):
            continue
        if isinstance(value_at(document, path), Unset):
            continue
        found.add_text(path, text)
    return None
