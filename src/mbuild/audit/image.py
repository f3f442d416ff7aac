"""What an image is, as far as two are compared: its settings and the files of its root. Times are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mbuild.values import NamedTuple, dataclass

OWN_LABELS = "dev.mbuild."
_SETTINGS = (
    *(
        "User",
        "ExposedPorts",
        "Env",
        "Entrypoint",
        "Cmd",
        "Volumes",
        "WorkingDir",
        "Labels",
        "StopSignal",
        "StopTimeout",
    ),
    *("ArgsEscaped", "Healthcheck", "OnBuild", "Shell"),
)
"""Of the OCI image specification (``config.md``) and of Docker's own format. Dates and history tell of a build."""


class File(NamedTuple):
    """One path of an image. target: of a link, or the numbers of a device; digest: of a file's content."""

    kind: str
    mode: int
    uid: int
    gid: int
    target: str
    size: int
    digest: str
    attributes: tuple[tuple[str, str], ...] = ()


class Root(NamedTuple):
    """The root of an image.

    files:  path, without the slash before it → what is there. layer: path → which layer it came from, counted from 0.
    makers: for each layer what made it, in the words of the image's history.
    """

    files: Mapping[str, File]
    layer: Mapping[str, int]
    makers: tuple[str, ...] = ()

    def maker(self, path: str) -> str:
        """Return what made a path, "" where nobody says."""
        layer = self.layer.get(path, -1)
        return self.makers[layer] if 0 <= layer < len(self.makers) else ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that was built.

    id:       digest of its configuration. layers: digests of its layers, unpacked, lowest first.
    settings: see ``settings_of``. root: reads its root; only called where the layers do not settle it.
    """

    id: str
    layers: tuple[str, ...]
    settings: Mapping[str, Any]
    root: Callable[[], Root]


class Difference(NamedTuple):
    """One thing in which two images differ.

    what: a path with its slash, or a setting; old, new: in words. made_by: the instruction that the new path came from,
    or the old one where there is no new one, in the words of the image's history.
    """

    what: str
    old: str
    new: str
    made_by: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.old} → {self.new}"


def settings_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an image that count, from its configuration or from what an engine says of it."""
    low = {key.lower(): value for key, value in described.items()}
    inner = low.get("config") or {}
    found = {key: inner.get(key) or None for key in _SETTINGS}
    labels = {key: value for key, value in (found["Labels"] or {}).items() if not key.startswith(OWN_LABELS)}
    found["Labels"] = labels or None
    found["WorkingDir"] = found["WorkingDir"] or "/"  # the classic builder leaves out what is the default
    return found | {key: low.get(key) or None for key in ("architecture", "os", "variant", "author")}


def differences(old: Image, new: Image) -> tuple[Difference, ...]:
    """Return how two images differ, times aside; () where they are the same."""
    if old.id == new.id:
        return ()
    found = tuple(_settings(old.settings, new.settings))
    return found if old.layers == new.layers else (*found, *_paths(old.root(), new.root()))


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Difference(f"setting {key}", _shown(old.get(key)), _shown(new.get(key)))


def _shown(value: object) -> str:
    return "absent" if value is None else str(value)


def _paths(old: Root, new: Root) -> Iterator[Difference]:
    for path in sorted(old.files.keys() | new.files.keys()):
        before, after = old.files.get(path), new.files.get(path)
        made_by = new.maker(path) if after is not None else old.maker(path)
        if before is None or after is None:
            kinds = (before.kind if before else "absent", after.kind if after else "absent")
            yield Difference(f"/{path}", *kinds, made_by)
        elif before != after:
            yield Difference(f"/{path}", *_attribute(before, after), made_by)


def makers_of(config: Mapping[str, Any], layers: int) -> tuple[str, ...]:
    """Return what made each layer by the history in an image's configuration; () where that does not tell of all."""
    history = [each for each in config.get("history") or () if isinstance(each, dict) and not each.get("empty_layer")]
    made = tuple(str(each.get("created_by") or "").removesuffix(" # buildkit") for each in history)
    return made if len(made) == layers else ()


def _attribute(old: File, new: File) -> tuple[str, str]:
    """Return the first attribute that differs, in words."""
    if old.kind != new.kind:
        return old.kind, new.kind
    if old.target != new.target:
        return f"to {old.target}", f"to {new.target}"
    if old.mode != new.mode:
        return f"mode {old.mode:04o}", f"mode {new.mode:04o}"
    if (old.uid, old.gid) != (new.uid, new.gid):
        return f"owner {old.uid}:{old.gid}", f"owner {new.uid}:{new.gid}"
    if old.digest != new.digest:
        return f"{old.size} bytes, sha256 {old.digest[:12]}", f"{new.size} bytes, sha256 {new.digest[:12]}"
    return f"attributes {dict(old.attributes)}", f"attributes {dict(new.attributes)}"
