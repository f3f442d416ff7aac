"""What is said of an image in a word, with a sign of its own: colour alone says nothing."""

from __future__ import annotations

from mbuild.output.page.markup import Html, element
from mbuild.output.report import ImageReport

SIGNS = {
    "built": "✓",
    "cached": "≡",
    "reused": "=",
    "failed": "✗",
    "skipped": "–",
    "cancelled": "■",
    "to build": "+",
    "exists": "=",
    "not affected": "·",
    "running": "…",
}
"""The sign of each status: of images that ended, then of those of a plan."""


def status(each: ImageReport) -> str:
    """Return how an image ended, or what the plan does with it."""
    if each.done:
        return each.done.status
    return {"build": "to build", "reuse": "exists"}.get(each.action or "", "not affected")


def badge(word: str) -> Html:
    """Return a status as an element."""
    sign = element("span", SIGNS.get(word, "·"), aria_hidden="true")
    return element("span", sign, " ", word, class_=f"badge s-{kind(word)}")


def kind(word: str) -> str:
    """Return the class of a status in the style sheet."""
    kinds = {"built": "built", "cached": "built", "reused": "reused", "exists": "reused", "to build": "built"}
    bad = {"failed": "failed", "skipped": "stopped", "cancelled": "stopped"}
    return (kinds | bad).get(word, "none")
