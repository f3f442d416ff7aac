"""One command of a stage with its variables expanded.

What is expanded, and when, follows BuildKit `instructions/commands.go` (the `Expand` methods) and
`dockerfile2llb/convert.go` (`dispatch…`): RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK, MAINTAINER, ONBUILD, `--from`,
`--exclude` and `--parents` are never expanded; heredocs of COPY and ADD are, without quotes having a meaning.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from mbuild.dockerfile.expand import Lexer
from mbuild.dockerfile.flags import value, values
from mbuild.dockerfile.gitquery import check_repositories
from mbuild.dockerfile.gitsource import is_git, is_github_path, is_http, is_remote
from mbuild.dockerfile.gotext import clean_path
from mbuild.dockerfile.instructions import Command
from mbuild.dockerfile.model import Heredoc, Operation
from mbuild.dockerfile.mounts import SECRET, SSH, Mount, parse_mount
from mbuild.dockerfile.refused import Refused
from mbuild.dockerfile.syntax import is_experimental
from mbuild.dockerfile.values import check_digest, check_mode, check_signal, ports
from mbuild.dockerfile.variables import Variables, arg_pairs
from mbuild.values import dataclass, field, replace

_DOCUMENT_LEXER = Lexer(skip_quotes=True)
_EXPANDED_FLAGS = {"ADD": ("chown", "chmod", "checksum"), "COPY": ("chown", "chmod")}


@dataclass(slots=True)
class Scope:
    """What a stage knows at the command that comes next.

    args:    the build's arguments; shared: global ARGs and the platform's, which `ARG name` takes over.
    older:   ARG is read as an older BuildKit does (see ``older``).
    workdir: absolute, "" when not known.
    doubts:  words that say what is read and need a variable that is not known: (word, names).
    mounts:  of the last RUN.
    onbuild: the triggers defined so far; trigger: the command that comes next is one.
    """

    lexer: Lexer
    args: Mapping[str, str]
    shared: Mapping[str, str]
    syntax: str | None
    older: bool = False
    variables: Variables = field(default_factory=Variables)
    workdir: str = ""
    onbuild: list[str] = field(default_factory=list)
    doubts: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    mounts: tuple[Mount, ...] = ()
    trigger: bool = False

    def expand(self, word: str) -> tuple[str, frozenset[str]]:
        """Expand a word; return it and the unknown variables it needs."""
        return self.variables.expand(self.lexer, word)

    def enter(self, path: str) -> None:
        """Take a path for the working directory; one from there is not known where that is not."""
        if path.startswith("/") or self.workdir:
            self.workdir = "/" + posixpath.normpath(posixpath.join(self.workdir, path)).lstrip("/")

    def run(self, command: Command) -> list[Operation]:
        """Return what a command does, and let it change the variables. Raises Refused."""
        self.doubts.clear()
        return _RUN.get(command.keyword, _as_written)(command, self)


def _operation(command: Command, scope: Scope, *args: str) -> Operation:
    return Operation(command.keyword, args, command.flags, command.json, command.heredocs, command.where, scope.trigger)


def _as_written(command: Command, scope: Scope) -> list[Operation]:
    return [_operation(command, scope, *command.words)]


def _onbuild(command: Command, scope: Scope) -> list[Operation]:
    scope.onbuild += command.words
    return _as_written(command, scope)


def _env(command: Command, scope: Scope) -> list[Operation]:
    expanded = [(scope.expand(name)[0], scope.expand(text)) for name, text, _ in _triples(command)]
    for name, (text, unknown) in expanded:
        scope.variables.define(name, text, unknown, keep=True)
    return [_operation(command, scope, *(word for name, (text, _) in expanded for word in (name, text, "=")))]


def _label(command: Command, scope: Scope) -> list[Operation]:
    return [_operation(command, scope, *(scope.expand(word)[0] for triple in _triples(command) for word in triple))]


def _triples(command: Command) -> list[tuple[str, str, str]]:
    words = command.words
    return list(zip(words[0::3], words[1::3], words[2::3], strict=True))


def _arg(command: Command, scope: Scope) -> list[Operation]:
    operations = []
    for name, default in _older_pairs(command, scope) if scope.older else arg_pairs(command):
        text, unknown = _arg_value(name, default, scope)
        if text is None:
            operations.append(_operation(command, scope, name))
        else:
            scope.variables.define(name, text, unknown, keep=False)
            operations.append(_operation(command, scope, name, text))
    return operations


def _older_pairs(command: Command, scope: Scope) -> list[tuple[str, str | tuple[str, frozenset[str]] | None]]:
    """Return name and default of each argument, expanded with what was known before the line."""
    return [
        (scope.expand(name)[0], None if default is None else scope.expand(default))
        for name, default in arg_pairs(command)
    ]


def _arg_value(
    name: str, default: str | tuple[str, frozenset[str]] | None, scope: Scope
) -> tuple[str | None, frozenset[str]]:
    """Return the value of an argument. default: as it is written, or expanded."""
    if name in scope.args:
        return scope.args[name], frozenset()
    if isinstance(default, tuple):
        return default
    if default is not None:
        return scope.expand(default)
    return scope.shared.get(name), frozenset()


def _workdir(command: Command, scope: Scope) -> list[Operation]:
    path, _ = scope.expand(command.words[0])
    scope.enter(path)
    return [_operation(command, scope, path)]


def _user(command: Command, scope: Scope) -> list[Operation]:
    return [_operation(command, scope, scope.expand(command.words[0])[0])]


def _stopsignal(command: Command, scope: Scope) -> list[Operation]:
    text, unknown = scope.expand(command.words[0])
    if not unknown:
        check_signal(text)
    return [_operation(command, scope, text)]


def _volume(command: Command, scope: Scope) -> list[Operation]:
    found = [scope.expand(word) for word in command.words]
    if any(not text and not unknown for text, unknown in found):
        raise Refused("VOLUME cannot be an empty word")
    return [_operation(command, scope, *(text for text, _ in found))]


def _expose(command: Command, scope: Scope) -> list[Operation]:
    found: list[str] = []
    for word in command.words:
        text, unknown = scope.expand(word)
        if unknown:
            found.append(text)
            continue
        for each in scope.lexer.words(word, scope.variables.values):
            found += ports(each)
    return [_operation(command, scope, *found)]


def _copy(command: Command, scope: Scope) -> list[Operation]:
    *sources, destination = command.words
    found = [_source(word, command, scope) for word in sources]
    flags = tuple(_flag(command.keyword, name, text, scope) for name, text in command.flags)
    if command.keyword == "ADD":
        _check_remotes(command, found, scope)
    documents = tuple(_document(each, scope) for each in command.heredocs)
    args = (*found, scope.expand(destination)[0])
    return [Operation(command.keyword, args, flags, command.json, documents, command.where, scope.trigger)]


def _source(word: str, command: Command, scope: Scope) -> str:
    text, unknown = scope.expand(word)
    if unknown and not word.startswith(("http://", "https://")):
        scope.doubts.append((word, unknown))
    elif command.keyword == "COPY" and is_remote(text):
        raise Refused(f"COPY cannot fetch {text}", "ADD can")
    return text


def _flag(keyword: str, name: str, text: str, scope: Scope) -> tuple[str, str]:
    if name in _EXPANDED_FLAGS[keyword]:
        text, unknown = scope.expand(text)
        if name == "chmod" and text and not unknown:
            check_mode(text)
    return name, text


def _check_remotes(command: Command, sources: list[str], scope: Scope) -> None:
    checksum, unknown = scope.expand(value(command.flags, "checksum"))
    if checksum and not unknown:
        _check_checksum(checksum, sources)
    known = [text for word, text in zip(command.words, sources, strict=False) if not scope.expand(word)[1]]
    check_repositories(known, "" if unknown else checksum, value(command.flags, "keep-git-dir"))


def _check_checksum(checksum: str, sources: list[str]) -> None:
    if len(sources) != 1:
        raise Refused(f"--checksum={checksum} needs exactly one source")
    if is_http(sources[0]):
        check_digest(checksum)
    elif not is_git(sources[0]) and not is_github_path(sources[0]):
        raise Refused(f"--checksum={checksum} needs a source that is an http(s) URL or a git repository")


def _document(document: Heredoc, scope: Scope) -> Heredoc:
    if not document.expand:
        return document
    content, _ = scope.variables.expand(_DOCUMENT_LEXER, document.content)
    return replace(document, content=content, expand=False)


def _run(command: Command, scope: Scope) -> list[Operation]:
    if values(command.flags, "device") and not is_experimental(scope.syntax):
        raise Refused("RUN --device needs a labs frontend", "begin the file with: # syntax=docker/dockerfile:1-labs")
    if command.json and not command.words:
        raise Refused("RUN [] runs nothing")
    scope.mounts = tuple(_mount(text, scope) for text in values(command.flags, "mount"))
    return _as_written(command, scope)


def _mount(text: str, scope: Scope) -> Mount:
    unknown: set[str] = set()

    def expand(word: str) -> tuple[str, bool]:
        result, names = scope.expand(word)
        unknown.update(names)
        return result, bool(names)

    mount = parse_mount(text, expand)
    if mount.unknown & {"type", "source"}:
        scope.doubts.append((f"--mount={text}", frozenset(unknown)))
    elif mount.type not in (SECRET, SSH) and "target" not in mount.unknown:
        _check_target(mount, scope)
    return mount


def _check_target(mount: Mount, scope: Scope) -> None:
    target = mount.target
    if not target.startswith("/"):  # BuildKit cleans only what it joins to the working directory
        target = clean_path(posixpath.join(scope.workdir, target)) if scope.workdir else ""
    if target == "/":
        raise Refused("a mount cannot have / as its target")


_RUN: dict[str, Callable[[Command, Scope], list[Operation]]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
