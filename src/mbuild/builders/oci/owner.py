"""``--chown`` and USER: ids, and names looked up in the image's own ``/etc/passwd`` and ``/etc/group``."""

from __future__ import annotations

import re

from mbuild.builders.oci.filesystem import FileSystem
from mbuild.builders.oci.nodes import File, FileSystemError
from mbuild.values import dataclass

MAX_BYTES = 10 << 20
MAX_ID = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group id."""

    uid: int = 0
    gid: int = 0


def parse_owner(text: str, fs: FileSystem | None) -> Owner:
    """Return who ``USER[:GROUP]`` is (BuildKit ``client/llb/fileop.go`` ``WithUser``, ``ops/user_linux.go``).

    A lone number is the group too, a lone name brings its group from passwd, and a name that is not there counts as 0.
    fs: where names are looked up; None where BuildKit has nothing to look in, so that a name is an error.
    Raises FileSystemError.
    """
    user, colon, group = text.partition(":")
    owner = _user(user, fs)
    return Owner(owner.uid, _group(group, owner.gid, fs)) if colon else owner


def _user(text: str, fs: FileSystem | None) -> Owner:
    number = _number(text)
    if number is not None:
        return Owner(number, number)
    fields = _record("/etc/passwd", text, fs)
    return Owner(_field(fields, 2), _field(fields, 3)) if fields else Owner()


def _group(text: str, otherwise: int, fs: FileSystem | None) -> int:
    number = _number(text)
    if number is not None:
        return number
    fields = _record("/etc/group", text, fs)
    return _field(fields, 2) if fields else otherwise


def _number(text: str) -> int | None:
    if text in ("", "root"):
        return 0
    if not re.fullmatch(r"\+?[0-9]+", text) or int(text) > MAX_ID:
        return None
    return int(text)


def _record(path: str, name: str, fs: FileSystem | None) -> list[str]:
    """Return the fields of the first line for this name, or nothing."""
    if fs is None:
        raise FileSystemError(f"{name}: names cannot be looked up in an empty image; use a number")
    node = fs.follow(path)
    if not isinstance(node, File):
        return []
    if node.content.measured() > MAX_BYTES:
        raise FileSystemError(f"{path}: more than {MAX_BYTES} bytes")
    with node.content.open() as stream:
        lines = stream.read(MAX_BYTES).decode("utf-8", "surrogateescape").split("\n")
    return next((fields for line in lines if (fields := line.strip().split(":"))[0] == name), [])


def _field(fields: list[str], at: int) -> int:
    text = fields[at] if at < len(fields) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0
