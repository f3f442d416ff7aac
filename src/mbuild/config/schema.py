"""The JSON Schema of build.yaml, made from the models. ``python -m mbuild.config.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

Schema = dict[str, Any]


def schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of build.yaml: what the models say, titles and null defaults left out."""
    from mbuild.config.models import Config

    made = Config.model_json_schema()
    cleaned: Schema = _cleaned(made)
    return {"title": "build.yaml of mbuild", **cleaned}


def text() -> str:
    """Return the schema as the file ``schema.json`` holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _cleaned(value: Any) -> Any:
    """Leave out pydantic's titles and null defaults, and refuse the names that no pattern allows."""
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _cleaned(each) for key, each in value.items() if not _is_noise(key, each)}
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)


if __name__ == "__main__":
    sys.stdout.write(text())
