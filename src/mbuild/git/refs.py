"""Names of commits turned into object ids, the only thing other commands are given."""

from __future__ import annotations

from collections.abc import Sequence

from mbuild.errors import GitError
from mbuild.expressions import expression
from mbuild.git.door import Git
from mbuild.tree import decode, encode

_OID = expression(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCHES = "refs/heads/"
_TRACKED = "refs/remotes/"
_CONTROL = expression(r"[\x00-\x1f\x7f]")


class UnknownRef(GitError):  # noqa: N818 - as the error it is
    """A ref that names no commit in this clone."""


def lines(out: bytes) -> tuple[str, ...]:
    """Return the lines of git's answer as text, losing no byte."""
    return tuple(decode(line) for line in out.split(b"\n") if line)


def is_id(answer: bytes) -> bool:
    """Tell whether git's answer is the id of an object."""
    return _OID.fullmatch(decode(answer)) is not None


def verify(git: Git, ref: str) -> str | None:
    """Return the commit id of a ref, or None when it names no commit. Options and ranges are not refs."""
    done = git.finish("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", check=False)
    answer = done.out.strip()
    return decode(answer) if done.code == 0 and is_id(answer) else None


def commits_of(git: Git, tags: Sequence[str]) -> tuple[str, ...]:
    """Return the commit of each tag, also of a tag of a tag: git < 2.45 peels one only in what it lists (``%(*…)``)."""
    asked = b"".join(b"refs/tags/%b^{commit}\n" % encode(each) for each in tags)
    return lines(git.run("cat-file", "--batch-check=%(objectname)", stdin=asked))


def resolve_commit(git: Git, ref: str) -> str:
    """Return the commit id a ref means. Raises GitError; UnknownRef, with the nearest names, where there is none."""
    if not ref or ref.isspace():
        raise GitError("an empty ref names no commit", "give a branch, a tag or a commit id")
    if _CONTROL.search(ref):
        raise GitError(f"{ref!r} is not a ref: it holds control characters")
    if set(ref) == {"0"} and len(ref) >= 40:
        raise GitError(
            f"the commit id {ref} is all zeros: that is how CI says 'there was no commit before'",
            "name the commit to compare with: --base REF, or build everything: --missing-base all",
        )
    found = verify(git, ref)
    if found is None:
        raise _unknown(git, ref)
    return found


def _unknown(git: Git, ref: str) -> GitError:
    shown = ref.encode("utf-8", "replace").decode()
    if _OID.fullmatch(ref) and git.finish("cat-file", "-e", ref, check=False).code == 0:
        return GitError(f"{shown} is an object of this repository, but not a commit")
    if ref in ("HEAD", "@") and git.finish("symbolic-ref", "--quiet", "HEAD", check=False).code == 0:
        return GitError("the branch has no commit yet, so HEAD names none", "commit first")
    return UnknownRef(f"there is no commit '{shown}' in this clone", *_nearest(git, ref))


def _nearest(git: Git, ref: str) -> tuple[str, ...]:
    import difflib

    known = lines(git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"))
    # A branch that only the remote has is the usual slip: 'dev' for 'origin/dev'.
    same = [name for name in known if name.endswith(f"/{ref}")]
    near = (same or difflib.get_close_matches(ref, known, 1, 0.75))[:1]
    return (f"did you mean '{near[0]}'?",) if near else ()


def merge_bases(git: Git, one: str, other: str) -> tuple[str, ...]:
    """Return all best common ancestors of two commit ids, sorted; empty when there is none here."""
    done = git.finish("merge-base", "--all", one, other, check=False)
    if done.code not in (0, 1):
        raise git.failed(done.err, "merge-base")
    return tuple(sorted(lines(done.out)))


def current_branch(git: Git) -> str | None:
    """Return the name of the branch HEAD is on, also an unborn one; None when detached.

    Not what git calls short: that is ``heads/main`` where a tag is called ``main`` too.
    """
    done = git.finish("symbolic-ref", "--quiet", "HEAD", check=False)
    name = decode(done.out.removesuffix(b"\n"))
    return name.removeprefix(_BRANCHES) if name.startswith(_BRANCHES) else None


def branch_named(git: Git, ref: str) -> str | None:
    """Return the branch that a ref is the name of, here or at a remote, without the remote's; None where it is none.

    A name that is a tag's too is none: git takes it for the tag.
    """
    asked = ("rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", ref)
    name = decode(git.finish(*asked, check=False).out.removesuffix(b"\n"))
    if name.startswith(_BRANCHES):
        return name.removeprefix(_BRANCHES)
    remotes = sorted(lines(git.run("remote")), key=len, reverse=True) if name.startswith(_TRACKED) else ()
    places = (f"{_TRACKED}{each}/" for each in remotes)
    return next((name.removeprefix(place) for place in places if name.startswith(place)), None)


def config(git: Git, key: str) -> str | None:
    """Return the last value of a configuration key, or None."""
    done = git.finish("config", "--null", "--get", key, check=False)
    return decode(done.out.removesuffix(b"\0")) if done.code == 0 else None


def remote_of(git: Git) -> str | None:
    """Return the remote of the current branch, else origin, else the only one; None where that leaves none."""
    remotes = lines(git.run("remote"))
    branch = current_branch(git)
    own = config(git, f"branch.{branch}.remote") if branch else None
    for name in (own, "origin"):
        if name in remotes:
            return name
    return remotes[0] if len(remotes) == 1 else None


def commit_time(raw: bytes) -> int:
    """Return the committer's date of a raw commit object in seconds since 1970."""
    for line in _header(raw):
        if line.startswith(b"committer "):
            return int(line.rsplit(b" ", 2)[1])
    raise GitError("a commit without a committer: the repository is damaged", "git fsck")


def parents(raw: bytes) -> tuple[str, ...]:
    """Return the parents named in a raw commit object."""
    return tuple(line[7:].decode() for line in _header(raw) if line.startswith(b"parent "))


def _header(raw: bytes) -> list[bytes]:
    return raw.partition(b"\n\n")[0].split(b"\n")
