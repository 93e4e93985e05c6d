"""The JSON schema of the configuration, for editors: made from the models, kept in `configs/config.schema.json`."""

from __future__ import annotations

import json
from typing import Any

from cozebatch.settings.model import Settings

_BY_ENVIRONMENT = {"type": "string", "pattern": r"^\$\{[^{}]+\}$"}


def schema() -> dict[str, Any]:
    """The schema as a mapping. Numbers may also be given as `"${NAME}"`."""
    made = Settings.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["properties"]["$schema"] = {"type": "string"}
    for part in (made, *made["$defs"].values()):
        for name, value in part.get("properties", {}).items():
            if value.get("type") in ("integer", "number"):
                part["properties"][name] = _or_variable(value)
    return made


def schema_text() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _or_variable(value: dict[str, Any]) -> dict[str, Any]:
    outside: dict[str, Any] = {key: value[key] for key in ("default", "description", "title") if key in value}
    number = {key: fact for key, fact in value.items() if key not in outside}
    return {"anyOf": [number, _BY_ENVIRONMENT], **outside}
