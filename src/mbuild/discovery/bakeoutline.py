"""What can be seen in bake files without evaluating them: names and places of targets and groups. Pure.

``bake --print`` has to be asked for targets by name, and does not say where one stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mbuild.discovery import bakejson
from mbuild.discovery.notes import Notes
from mbuild.errors import Where
from mbuild.values import dataclass

# A line begins with blanks, not with lines: those before it would be gone through for each of them again.
_TARGET = re.compile(r'^[ \t]*target\s+(?:"([^"]+)"|([A-Za-z_][\w-]*))\s*\{', re.MULTILINE)
_GROUP = re.compile(r'^[ \t]*group\s+(?:"([^"]+)"|([A-Za-z_][\w-]*))\s*\{', re.MULTILINE)
_INHERITS = re.compile(r"^[ \t]*inherits\s*=\s*\[([^\]]*)\]", re.MULTILINE)
_CALL = re.compile(r'[{}]|^[ \t]*call[ \t]*=[ \t]*"(?!(?:build)?")', re.MULTILINE)
_BLOCK = re.compile(r'^[ \t]*(?:target|group|variable|function)\s+["A-Za-z_]', re.MULTILINE)
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NAME = re.compile("[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be seen in bake files without evaluating them: the names of targets and groups, with their places.

    asking: the targets that are not built, but asked about (``call``): older versions of buildx do not tell.
    """

    targets: Mapping[str, Where]
    groups: frozenset[str]
    inherited: frozenset[str]
    asking: frozenset[str]

    @classmethod
    def of(cls, texts: Mapping[str, bytes], notes: Notes) -> Outline:
        """Look at files; what is no text is noted."""
        targets: dict[str, Where] = {}
        groups: set[str] = set()
        inherited: set[str] = set()
        asking: set[str] = set()
        for path, raw in texts.items():
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                notes.add("not UTF-8", Where(path))
                continue
            if path.endswith(".json"):
                text = bakejson.as_hcl_outline(text)
            bare = _COMMENT.sub(lambda each: each[1] or re.sub("[^\n]", " ", each[0]), text)
            for match in _TARGET.finditer(bare):
                line = bare.count("\n", 0, match.start(match.lastindex or 0)) + 1
                name = match[1] or match[2]
                # Anything else is no name to buildx: among what it is asked for, a URL would be a place to fetch from.
                if _NAME.fullmatch(name):
                    targets.setdefault(name, Where(path, line if path.endswith(".hcl") else 0))
                    if _asks(bare, match.end()):
                        asking.add(name)
            found = (match[1] or match[2] for match in _GROUP.finditer(bare))
            groups.update(each for each in found if _NAME.fullmatch(each))
            inherited.update(name for match in _INHERITS.finditer(bare) for name in re.findall('"([^"]+)"', match[1]))
        return cls(targets, frozenset(groups), frozenset(inherited), frozenset(asking))

    def images(self, answer: Mapping[str, Any]) -> frozenset[str]:
        """Return the targets that are images: not those that others only inherit from, nor private ones (``_…``)."""
        groups = answer.get("group", {})
        # A matrix is a group under the name it was written as.
        members = {each for name in self.groups for each in groups.get(name, {}).get("targets", ())}
        asked = {each for each in self.targets if each not in self.inherited or each in members}
        found: set[str] = set()
        for name in asked | members:
            expanded = groups.get(name, {}).get("targets", (name,)) if name not in answer["target"] else (name,)
            found.update(expanded)
        return frozenset(each for each in found if not each.startswith("_"))

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


def _asks(text: str, begin: int) -> bool:
    """Tell whether the target whose body begins there is asked about: by an argument of its own, not one of a map."""
    following = _BLOCK.search(text, begin)
    depth = 0
    for match in _CALL.finditer(text, begin, following.start() if following else len(text)):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
        elif depth == 0:
            return True
    return False
