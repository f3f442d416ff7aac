"""Object ids of what is on disk, as ``git add`` would give them, without writing an object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from mbuild.errors import GitError
from mbuild.git.repository import Repository
from mbuild.tree import encode

_PLAIN = re.compile(rb"[A-Za-z0-9_./@+=,~#%-][A-Za-z0-9_./@+=,~#% -]*(?<! )")


def link_id(object_format: str, target: bytes) -> str:
    """Return the id of a link: the blob of its target."""
    return digest(object_format, b"blob %d\0" % len(target) + target)


def digest(object_format: str, data: bytes) -> str:
    """Return the hex digest of a repository's hash function."""
    return hashlib.new(object_format, data, usedforsecurity=False).hexdigest()


def file_ids(repository: Repository, paths: Sequence[str]) -> list[str]:
    """Return the ids of regular files with the filters git applies to each path (line ends, LFS, …)."""
    if not paths:
        return []
    names = b"".join(_quoted(encode(path)) + b"\n" for path in paths)
    done = repository.git.finish("hash-object", "-t", "blob", "--stdin-paths", stdin=names, check=False)
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
