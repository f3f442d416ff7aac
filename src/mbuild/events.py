"""What happens while images are built. One small schema, many displays.

Builders emit Step, StepDone, LogLine and Sent; whoever runs them adds ImageStarted, Retrying and ImageDone. ``image``
is its name.
"""

from __future__ import annotations

from collections.abc import Callable

from mbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class ImageStarted:
    """Work on an image begins. action: ``build`` or ``reuse``."""

    image: str
    action: str


@dataclass(frozen=True, slots=True)
class Step:
    """A builder's step begins. ``step`` tells the steps of one image apart; ``name`` is for people."""

    image: str
    step: str
    name: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """A builder's step ended; ``error`` is "" when it succeeded."""

    image: str
    step: str
    cached: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a step wrote."""

    image: str
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes of context sent so far."""

    image: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Retrying:
    """A build failed in a way that may pass, and is tried again after some seconds. tried: how often it was tried."""

    image: str
    tried: int
    seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class ImageDone:
    """An image reached its end. status: ``built|cached|reused|failed|skipped|cancelled``; seconds: wall clock."""

    image: str
    status: str
    seconds: float
    error: str = ""


Event = ImageStarted | Step | StepDone | LogLine | Sent | Retrying | ImageDone
Emit = Callable[[Event], None]
