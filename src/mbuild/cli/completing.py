"""What shells complete besides commands and options (click, Shell Completion). Imports nothing until it is asked.

Whatever goes wrong, a shell that completes must show nothing of it: there is no completion then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click


def images(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the images whose names begin so, without those that stand on the line already."""
    given = ctx.params.get(param.name or "")
    there = given if isinstance(given, tuple) else ()
    return [CompletionItem(name) for name in _names(ctx) if name.startswith(incomplete) and name not in there]


def images_or_paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return images, or have the shell complete paths where there is no such image."""
    return images(ctx, param, incomplete) or [CompletionItem(incomplete, type="file")]


def _names(ctx: click.Context) -> tuple[str, ...]:
    from mbuild.app.completion import image_names

    top = ctx.find_root().params
    try:
        return image_names(top["directory"], top["config"])
    except Exception:  # noqa: BLE001 - see above
        return ()
