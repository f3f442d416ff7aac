"""Events between the services: one JSON file each in a shared folder. A file appears whole or not at all."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPOOL = Path(os.environ.get("SHOP_SPOOL", "/var/spool/shop"))


def publish(kind: str, body: dict[str, Any], spool: Path = SPOOL) -> str:
    """Write one event and return its id. Ids sort by time."""
    event_id = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
    folder = spool / kind
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{event_id}"
    temporary.write_text(json.dumps(body))
    temporary.replace(folder / f"{event_id}.json")
    return event_id


def pending(kind: str, spool: Path = SPOOL) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the events of one kind, oldest first."""
    for path in sorted((spool / kind).glob("*.json")):
        yield path, json.loads(path.read_text())


def done(path: Path) -> None:
    """Mark an event as handled: it stays, for the reports, under another name."""
    path.replace(path.with_suffix(".done"))
