"""Names and contents that files of a made-up monorepo have, and how a Dockerfile can name them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from tests.oracle.soundness.values import EXECUTABLE, FILE, LINK, Blob

PLAIN = ("main.py", "run.sh", "README.md", "conf.toml", "data/a.txt", "data/b.txt", "data/deep/c.md", "test_x.py")
MORE = ("new.py", "notes.md", "data/d.txt", "data/deep/e", "lib/util.py", "lib/x.md", "Makefile", "z.txt")
ODD = (
    *("with blank.txt", 'quo"te.txt', "it's", "caf\u00e9.txt", "nai\u0308ve.md", "new\nline", "-dash", "#hash"),
    *("[set].txt", "bytes\udcff.bin", "$dollar", "*star", "UPPER.TXT", " blank first", "\u00fcn\u00ef/\u2603.txt"),
    *("tab\tin", "a,b.txt", "semi;colon", "--flag", "!bang.md", "weird/.dot", "back\\slash"),
)
LINKS = ("data/a.txt", "data", "../nowhere", "/conf.toml", "data/deep", "current", "./main.py", "missing")


def some_blob(pick: random.Random) -> Blob:
    """Return a small file."""
    text = f"{pick.choice(['one', 'two', 'three'])} {pick.randrange(10_000)}\n" * pick.randint(1, 3)
    return Blob(text.encode(), EXECUTABLE if pick.random() < 0.2 else FILE)


def some_link(pick: random.Random) -> Blob:
    """Return a link that may lead somewhere."""
    return Blob(pick.choice(LINKS).encode(), LINK)


def is_nameable(path: str) -> bool:
    """Tell whether COPY can name a path alone.

    BuildKit's shell words hold neither raw bytes nor line ends, and what its client sends is told by
    moby/patternmatcher, to which a ``*`` or ``?`` between brackets is still a wildcard.
    """
    if path.startswith("!") or path != path.strip():
        return False  # an exception to what the client sends; blanks at the ends, which are dropped
    return path.isprintable() and not set("\\*?") & set(path) and all(not "\ud800" <= each <= "\udfff" for each in path)


def is_simple(path: str) -> bool:
    """Tell whether a flag can hold a path as it is."""
    return path.isascii() and all(each.isalnum() or each in "/._-" for each in path) and not path.startswith("-")


def literal(path: str) -> str:
    """Return a path as a pattern that fits only itself."""
    return path.replace("[", "[[]")


def unclean(pick: random.Random, path: str) -> str:
    """Return another spelling of a path, of a pattern or of a line of an ignore file, with or without its ``!``."""
    mark, plain = ("!", path[1:]) if path.startswith("!") else ("", path)
    choices = [f"./{plain}", f"data/../{plain}", f"no/such/../../{plain}", f".//{plain}"]
    choices += [plain.replace("/", "//"), plain.replace("/", "/x/../", 1), plain.replace("/", "/./")] * ("/" in plain)
    choices += [f"{plain}/", f"{plain}/.", f"{plain}/x/.."] * (not plain.endswith("/"))
    return mark + pick.choice(choices)


def folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders above some paths, sorted."""
    found = set()
    for path in paths:
        while path := path.rpartition("/")[0]:
            found.add(path)
    return sorted(found)


def wild(pick: random.Random, path: str) -> str:
    """Return a pattern that fits a path, and perhaps others."""
    above, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    choices = [name[0] + "*"] if name[0].isalnum() else []
    choices += [f"*{dot}{suffix}", f"[a-z]*{dot}{suffix}"] if stem else ["*"]
    choices += ["?" + name[1:]] if name[1:] else []
    if above and "/" not in above and pick.random() < 0.3:
        return f"{above[0]}*/{name}"
    return f"{above}/{pick.choice(choices)}" if above else pick.choice(choices)
