"""Bytes that reach the builder, counted on the engine's socket: an image of 60 files, 1.2 MB, beside 3,000 others."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

from bench.dockers import Client
from bench.meter import Command
from bench.monorepo.texts import PROJECT
from bench.monorepo.writing import write
from bench.proxy import Counted, counting
from bench.results import Row
from bench.running import Bench
from bench.scenario import accept

NEEDED, ASIDE, SIZE = 60, 3_000, 20_000
SPARE = 0.05
"""What may be sent beside the context, and when nothing has changed: the budget's 5 %."""


def sent(bench: Bench, engine: Client) -> Iterator[Row]:
    """Yield a row for the first build, after an edit, when a build is forced, and for a run that builds nothing."""
    folder, place = bench.scratch / "sent", bench.scratch / "sent.sock"
    write(folder, _files(), ())
    more = {"DOCKER_HOST": f"unix://{place}", "MBUILD_CACHE_DIR": str(bench.scratch / "sent-cache")}

    def build(name: str, limit: float | None, *options: str) -> Row:
        counted.clear()
        ended = bench.meter.run(Command((bench.mbuild, "all", *options, "--format", "json"), folder, more))
        return _row(name, counted, limit, accept(ended))

    with counting(engine.socket, place) as counted:
        yield build("new", 1 + SPARE)
        (folder / "app/data/part_00").write_bytes(secrets.token_bytes(SIZE))
        yield build("one file edited", None)
        yield build("forced", None, "--force")
        yield build("nothing changed", SPARE)


def _row(name: str, counted: Counted, limit: float | None, wrong: str) -> Row:
    context = NEEDED * SIZE
    value = counted.sent / context
    note = f"{counted.sent:,} bytes in {len(counted.asked)} calls for a context of {context:,}"
    budget, within = (f"≤ {limit:g} × context", value <= limit) if limit else ("", None)
    return Row("engine/bytes", name, (), value=value, budget=budget, within=within, wrong=wrong, note=note)


def _files() -> dict[str, bytes]:
    """Return a repository whose contents are new every time and cannot be compressed."""
    dockerfile = b"FROM scratch\nCOPY app/data /data/\n"
    config = {"version": "1", "project": PROJECT, "images": {"app": {"dockerfile": "app/Dockerfile", "context": "."}}}
    found = {"app/Dockerfile": dockerfile, "build.yaml": json.dumps(config).encode()}
    found |= {f"app/data/part_{number:02d}": secrets.token_bytes(SIZE) for number in range(NEEDED)}
    return found | {f"other/{number // 100}/{number}": b"%d" % number for number in range(ASIDE)}
