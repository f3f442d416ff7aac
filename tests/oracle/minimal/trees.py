"""Files that a person, or a careless script, might commit: the context roots of the made-up repositories."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from dataclasses import dataclass
from random import Random

FILE, EXEC, LINK = "file", "exec", "link"


@dataclass(frozen=True, slots=True)
class File:
    """What is at one path; a link's data is its target."""

    kind: str
    data: bytes


Tree = dict[str, File]
"""Path from the context root → file; names are ``str`` with surrogate escapes. git knows no empty folders."""

PLAIN = (
    *("a.txt", "b.txt", "c.md", "run.sh", "lib/one.py", "lib/two.py", "lib/deep/x.c", "lib/deep/y.h"),
    *("lib/deep/er/z", "src/main.go", "src/main_test.go", "src/deep/gen.go", "docs/readme.md", "docs/img/p1.png"),
    *(
        "docs/img/p2.png",
        "docs/deep/note.md",
        "v1/app",
        "v2/app",
        "v3/app",
        "node_modules/m/index.js",
        "empty/only.log",
    ),
    *("empty/in/other.log", ".env", "cfg/.hidden", "cfg/app.conf", "x/y/z/deepest", "notes.log"),
)
STEADY = ("a.txt", "b.txt", "lib/one.py", "src/main.go", "v1/app", "cfg/app.conf")
"""Always there, and left alone by most ignore files, so that most images can be built."""

TARGETS = ("lib/two.py", "lib/deep/x.c", "lib/deep/er/z", "odd/here", "odd/日本", "odd/new\nline")
"""Always there too: what links and patterns lead to."""

ODD = (
    *("with blank.txt", " blanks around ", "quo'te", 'dou"ble', "ünï.txt", "new\nline", "#hash", "[b]r", "br", "-dash"),
    *("caf\udce9", "sta*r", "back\\slash", "q?mark", "a b/c d", "50%", "$dollar", "!bang", "tab\there", "~", "{a,b}"),
    *("odd/[x]/in", "odd/new\nline", "odd/\udcff/raw", "odd/日本", "odd/ ", "odd/e\u0301", "odd/-rf", "odd/#"),
)
LINKS = {
    "ln-file": "a.txt",
    "ln-dir": "lib",
    "ln-deep": "lib/deep/er/z",
    "ln-abs": "/lib/one.py",
    "ln-dangling": "nowhere",
    "ln-out": "../outside",
    "ln-chain": "ln-dir/deep",
    "ln-dot": "./src/../cfg",
    "ln-root": "/",
    "lib/up": "../a.txt",
    "lib/deep/out": "../../src",
    "docs/lnk": "../v1",
    "odd/li nk": "here",
}
ARCHIVES = ("arc.tar", "arc.tar.gz", "arc.tar.bz2", "arc.tar.xz")
_PACK = {"arc.tar": bytes, "arc.tar.gz": lambda data: gzip.compress(data, mtime=0)}
_PACK |= {"arc.tar.bz2": bz2.compress, "arc.tar.xz": lzma.compress}


def tree(rng: Random, *, utf8: bool = False) -> Tree:
    """Return a tree. No path lies below a file or a link. utf8: all names are."""
    names = [*STEADY, *TARGETS, *_some(rng, PLAIN, 0.85), *_some(rng, ODD, 0.6)]
    found = {name: _file(rng, name) for name in names}
    found |= {name: File(LINK, LINKS[name].encode()) for name in _some(rng, tuple(LINKS), 0.85)}
    if rng.random() < 0.6:
        # A wildcard that matches one of these makes the build fail.
        found.pop("ln-dangling", None)
        found.pop("ln-out", None)
    found |= {name: File(FILE, _PACK[name](_archive(name))) for name in _some(rng, ARCHIVES, 0.97)}
    found["text.tar"] = File(FILE, b"no archive\n")
    return {name: each for name, each in found.items() if not utf8 or name.isascii() or is_utf8(name)}


def is_utf8(name: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _some(rng: Random, names: tuple[str, ...], share: float) -> list[str]:
    return [name for name in names if rng.random() < share]


def _file(rng: Random, name: str) -> File:
    kind = EXEC if name.endswith(".sh") or rng.random() < 0.15 else FILE
    size = rng.choice([0, 1, 1, 3, 40])
    return File(kind, b"".join(b"%d %d\n" % (line, rng.randrange(1000)) for line in range(size)))


def _archive(name: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, kind, text, mode in (
            ("in", tarfile.DIRTYPE, "", 0o750),
            ("in/file", tarfile.REGTYPE, name, 0o640),
            ("in/run", tarfile.REGTYPE, "#!\n", 0o4755),
            ("in/link", tarfile.SYMTYPE, "file", 0o777),
            ("in/hard", tarfile.LNKTYPE, "in/file", 0o640),
        ):
            member = tarfile.TarInfo(path)
            member.type, member.mode, member.uid, member.gid, member.mtime = kind, mode, 7, 8, 1_000_000_000
            if kind == tarfile.REGTYPE:
                member.size = len(text)
            else:
                member.linkname = text
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
