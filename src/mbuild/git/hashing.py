"""Object ids of what is on disk, as ``git add`` would give them, without writing an object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from mbuild.errors import GitError
from mbuild.git.repository import Repository
from mbuild.tree import decode, encode

_PLAIN = re.compile(rb"[A-Za-z0-9_./@+=,~#%-][A-Za-z0-9_./@+=,~#% -]*(?<! )")
_AT_ONCE = 200  # names on one command line


def link_id(object_format: str, target: bytes) -> str:
    """Return the id of a link: the blob of its target."""
    return digest(object_format, b"blob %d\0" % len(target) + target)


def digest(object_format: str, data: bytes) -> str:
    """Return the hex digest of a repository's hash function."""
    return hashlib.new(object_format, data, usedforsecurity=False).hexdigest()


def file_ids(repository: Repository, paths: Sequence[str], tracked: Collection[str] = ()) -> list[str]:
    """Return the ids of regular files with the filters git applies to each path (line ends, LFS, …).

    tracked: those that the index has a version of, which decides about automatic line ends (``_keeping_crlf``).
    """
    oids = _hash(repository, paths)
    known = [path for path in paths if path in tracked]
    plain = dict(zip(known, _hash(repository, known, "--no-filters"), strict=True))
    filtered = [path for path, oid in zip(paths, oids, strict=True) if plain.get(path, oid) != oid]
    kept = _keeping_crlf(repository, filtered, plain) if filtered else {}
    return [kept.get(path, oid) for path, oid in zip(paths, oids, strict=True)]


def _keeping_crlf(repository: Repository, paths: Sequence[str], plain: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of files whose CRLF ``git add`` keeps: line ends are automatic and the index has CRLF already.

    ``git hash-object`` does not look at the index and would convert them. Source: git ``convert.c`` crlf_to_git.
    """
    kept: dict[str, str] = {}
    by_configuration: list[str] = []
    for start in range(0, len(paths), _AT_ONCE):
        part = [encode(path) for path in paths[start : start + _AT_ONCE]]
        # "i/EOL w/EOL attr/ATTRIBUTES TAB PATH"
        for record in repository.git.run("ls-files", "--eol", "-z", "--", *part).split(b"\0"):
            told, _, name = record.partition(b"\t")
            attributes = told.partition(b"attr/")[2].strip()
            if told.startswith((b"i/crlf", b"i/mixed")):
                if not attributes:
                    by_configuration.append(decode(name))
                elif attributes.startswith(b"text=auto"):
                    kept[decode(name)] = plain[decode(name)]
    oids = _hash(repository, by_configuration, configuration=("-c", "core.autocrlf=false"))
    return kept | dict(zip(by_configuration, oids, strict=True))


def _hash(repository: Repository, paths: Sequence[str], *options: str, configuration: Sequence[str] = ()) -> list[str]:
    if not paths:
        return []
    names = b"".join(_quoted(encode(path)) + b"\n" for path in paths)
    command = (*configuration, "hash-object", "-t", "blob", *options, "--stdin-paths")
    done = repository.git.finish(*command, stdin=names, check=False)
    if done.code != 0:
        problem = repository.git.failed(done.err, "hash-object").problems[0]
        raise GitError(problem.message, *problem.hints, "did a file change while mbuild was reading? then run again")
    oids = done.out.decode().split("\n")[:-1]
    if len(oids) != len(paths):
        raise GitError(f"git hash-object answered {len(oids)} times for {len(paths)} files")
    return oids


def _quoted(name: bytes) -> bytes:
    """Return a name as ``--stdin-paths`` takes it: git unquotes C strings, which can hold newlines and a leading quote.

    Source: git ``builtin/hash-object.c`` hash_stdin_paths, ``quote.c`` unquote_c_style.
    """
    if _PLAIN.fullmatch(name):
        return name
    return b'"' + b"".join(b"\\%03o" % byte for byte in name) + b'"'
