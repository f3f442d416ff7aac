"""Compared with what: the base, and how it was chosen. The answer always says both."""

from __future__ import annotations

from collections.abc import Mapping

from mbuild.git.merged import merge_bases
from mbuild.git.repository import Repository
from mbuild.values import dataclass

LAST_SUCCESS = "last-success"


@dataclass(frozen=True, slots=True)
class Base:
    """What head is compared with.

    ref:     as given, or the name it was found under; "" for the empty tree.
    commits: ids; several where histories have several merge bases (take the union), none for the empty tree.
    how:     one line for people.
    unproven: this is what was there before, and nobody says whether it was built.
    """

    ref: str
    commits: tuple[str, ...]
    how: str
    unproven: bool = False


def in_words(found: tuple[str, ...]) -> str:
    """Say how many merge bases there are."""
    return "the merge base" if len(found) == 1 else f"{len(found)} merge bases (all of them)"


def resolve_base(
    repository: Repository, *, base: str | None, env: Mapping[str, str], head: str | None, config: str = ""
) -> Base:
    """Choose the base: ``--base``, MBUILD_BASE, MBUILD_BEFORE or the CI provider, else the default branch.

    head:   the commit that is built (an id); None: the work tree, whose commit is HEAD.
    config: whose last success counts, as for ``marks.ref_of``.
    Raises GitError (exit 3) for a base that cannot be found or shares no history with head here.
    """
    commit = head or repository.head()
    given, how = (base, "--base") if base is not None else (env.get("MBUILD_BASE") or None, "MBUILD_BASE")
    if given is not None and given != LAST_SUCCESS:
        return _given(repository, given, how, commit)
    from mbuild.ci.registry import current

    run = current(env)
    if given == LAST_SUCCESS:
        from mbuild.git.marks import last_success

        return last_success(repository, run, config)
    if commit is None:
        return Base("", (), "the branch has no commit yet: compared with the empty tree")
    if "MBUILD_BEFORE" in env:
        from mbuild.ci.byhand import told

        run = told(env, run)
    if run is not None:
        from mbuild.git.provided import provided_base

        found = provided_base(repository, run, commit)
        if found is not None:
            return found
    from mbuild.git.default import default_base

    return default_base(repository, commit, run, of_work_tree=head is None)


def _given(repository: Repository, ref: str, how: str, head: str | None) -> Base:
    commit = repository.resolve_commit(ref)
    if head is None:
        return Base("", (), f"{how}: {ref}, but the branch has no commit yet: compared with the empty tree")
    found = merge_bases(repository, ref, commit, head)
    if found == (commit,):
        return Base(ref, found, how)
    return Base(ref, found, f"{how}: {in_words(found)} of {ref} and head")
