"""What is kept of the contexts of an image once they have been looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mbuild.graph.fingerprint import identity
from mbuild.graph.model import ContextUse, Measured
from mbuild.graph.outline import Outline
from mbuild.graph.pieces import digest
from mbuild.store.codec import decode, encode


def measured(own: Outline, contexts: Sequence[ContextUse]) -> Measured:
    """Return what there is to say of an image with contexts whose pieces have been weighed."""
    pieces = [each for use in contexts for each in use.pieces]
    return Measured(
        identity=identity(own.meaning, contexts),
        files=sum(len(each.entries) for each in pieces),
        bytes=sum(each.bytes for each in pieces),
        digests=tuple(digest(use) for use in contexts),
        missing=tuple(each for use in contexts for each in use.missing),
        uses=tuple((each.kind, each.name, each.parent) for each in own.edges),
        exact=not own.doubts,
    )


def dump(found: Sequence[Measured]) -> bytes:
    """Return what was found as bytes."""
    return json.dumps([encode(each) for each in found]).encode()


def load(raw: bytes) -> Sequence[Measured]:
    """Return it again."""
    return [decode(Measured, each) for each in json.loads(raw)]
