"""What can be seen in bake files without evaluating them: names and places of targets and groups. Pure.

``bake --print`` has to be asked for targets by name, and does not say where one stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mbuild.discovery.hcltext import outlined
from mbuild.errors import Where
from mbuild.values import dataclass

TARGET, GROUP = "target", "group"

_LABEL = r'(?:[ \t]*"(?P<quoted>[^"\n]*)"|[ \t]+(?P<bare>[^\W\d][\w-]*))'
# A line begins with blanks, not with lines: those before it would be gone through for each of them again.
_BLOCK = re.compile(rf"^[ \t]*(?P<kind>target|group|variable|function){_LABEL}[ \t]*\{{", re.MULTILINE)
_ARGUMENT = re.compile(r"[{}]|(?:^|(?<=\{))[ \t]*(?P<name>inherits|call)[ \t]*=[ \t]*", re.MULTILINE)
_LIST = re.compile(r"\[([^\]]*)\]")
_WORD = re.compile('"([^"]*)"')
_NAME = re.compile("[A-Za-z0-9_-]+")

MOST_WAYS = 5_000
"""On so many ways a target may inherit: buildx goes each of them (``bake.go``: ResolveTarget), and may need hours."""


@dataclass(frozen=True, slots=True)
class Block:
    """A target or a group, as it is written.

    line: 0 where it is not known. inherits: those that can be told. asks: it is not built, but asked about (``call``).
    """

    kind: str
    name: str
    line: int = 0
    inherits: tuple[str, ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be seen in bake files without evaluating them: the names of targets and groups, with their places.

    asking: the targets that are not built, but asked about (``call``): older versions of buildx do not tell.
    tangled: a target that inherits on more than ``MOST_WAYS`` ways, "" where none does.
    """

    targets: Mapping[str, Where]
    groups: frozenset[str]
    inherited: frozenset[str]
    asking: frozenset[str]
    tangled: str = ""

    @classmethod
    def of(cls, blocks: Iterable[tuple[str, Block]]) -> Outline:
        """Put together what is written: (the path of the file, the block) of each, in the order of the files."""
        # Anything else is no name to buildx: among what it is asked for, a URL would be a place to fetch from.
        named = [(path, each) for path, each in blocks if _NAME.fullmatch(each.name)]
        targets: dict[str, Where] = {}
        for path, each in named:
            if each.kind == TARGET:
                targets.setdefault(each.name, Where(path, each.line))
        return cls(
            targets,
            frozenset(each.name for _, each in named if each.kind == GROUP),
            frozenset(name for _, each in named for name in each.inherits),
            frozenset(each.name for _, each in named if each.asks),
            _tangled([each for _, each in named if each.kind == TARGET]),
        )

    def images(self, answer: Mapping[str, Any]) -> frozenset[str]:
        """Return the targets that are images.

        Others only inherit from some, or they are private (``_…``): those are none unless a group has them.
        """
        groups = answer.get("group", {})
        # A matrix is a group under the name it was written as.
        members = {each for name in self.groups for each in groups.get(name, {}).get("targets", ())}
        asked = {each for each in self.targets if each not in self.inherited or each in members}
        found: set[str] = set()
        for name in asked | members:
            expanded = groups.get(name, {}).get("targets", (name,)) if name not in answer["target"] else (name,)
            found.update(expanded)
        return frozenset(each for each in found if each in members or not is_private(each))

    def where(self, name: str, answer: Mapping[str, Any]) -> Where:
        """Return where a target stands; one of a matrix where the matrix does."""
        return self.targets[self.written(name, answer) or next(iter(self.targets))]

    def written(self, name: str, answer: Mapping[str, Any]) -> str | None:
        """Return the name of a target as it is written: one of a matrix is in a group that has it."""
        if name in self.targets:
            return name
        groups = answer.get("group", {}).items()
        found = (group for group, each in groups if group in self.targets and name in each.get("targets", ()))
        return next(found, None)


def _tangled(targets: Iterable[Block]) -> str:
    """Return a target that inherits on too many ways, "" where none does."""
    bases: dict[str, list[str]] = {}
    for each in targets:
        if each.inherits:
            bases.setdefault(each.name, []).extend(each.inherits)
    ways: dict[str, int] = {}
    begun: set[str] = set()
    waiting = list(bases)
    while waiting:
        name = waiting[-1]
        above = bases.get(name, ())
        if name not in begun:
            begun.add(name)
            waiting.extend(each for each in above if each not in begun)
            continue
        waiting.pop()
        # What has begun and is not counted yet stands in a circle, which buildx refuses.
        ways[name] = 1 + sum(ways.get(each, 1) for each in above)
        if ways[name] > MOST_WAYS:
            return name
    return ""


def is_private(name: str) -> bool:
    """Tell whether a target is by its name only there for others."""
    return name.startswith("_")


def blocks(text: str) -> Iterator[Block]:
    """Yield the targets and groups of an HCL text, in its order."""
    bare = outlined(text)
    found = list(_BLOCK.finditer(bare))
    line, counted = 1, 0
    for number, match in enumerate(found):
        line, counted = line + bare.count("\n", counted, match.start()), match.start()
        if match["kind"] not in (TARGET, GROUP):
            continue
        end = found[number + 1].start() if number + 1 < len(found) else len(bare)
        said = dict(_arguments(bare, match.end(), end))
        inherits = _LIST.match(bare, said["inherits"]) if "inherits" in said else None
        name = match["bare"] if match["quoted"] is None else match["quoted"]
        inherited = tuple(_WORD.findall(inherits[1])) if inherits else ()
        yield Block(match["kind"], name, line, inherited, "call" in said and _asks(bare, said["call"]))


def _arguments(text: str, begin: int, end: int) -> Iterator[tuple[str, int]]:
    """Yield the arguments of a body that count, and where their values begin: its own, not those of a map in it."""
    depth = 0
    for match in _ARGUMENT.finditer(text, begin, end):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
        elif depth == 0:
            yield match["name"], match.end()


def _asks(text: str, at: int) -> bool:
    """Tell whether a value of ``call`` is written there and means that nothing is built."""
    word = _WORD.match(text, at)
    return word is not None and asks(word[1])


def asks(call: object) -> bool:
    """Tell whether a value of ``call`` means that nothing is built. What has to be evaluated does not."""
    # buildx ``bake.go``: the method, then its options after a comma.
    return isinstance(call, str) and call.partition(",")[0].strip() not in ("", "build") and "$" not in call
