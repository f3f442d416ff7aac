"""Which images a set of changed files affects, by the layout alone: the ground truth that answers are held against."""

from __future__ import annotations

from collections.abc import Iterable

from bench.monorepo.layout import Layout


def affected(layout: Layout, paths: Iterable[str] = (), images: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the images that changed contents of ``paths`` affect, and those in ``images``, with all their children."""
    found = set(images)
    places = _by_folder(layout)
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            for number in places.get("/".join(parts[:depth]), ()):
                if layout.images[number].reads(path):
                    found.add(layout.images[number].name)
    for image in layout.images:
        if image.parent in found:
            found.add(image.name)
    return tuple(sorted(found))


def _by_folder(layout: Layout) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, image in enumerate(layout.images):
        for source in image.sources:
            found.setdefault(source.folder, []).append(number)
    return found
