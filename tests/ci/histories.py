"""Twelve histories of a pull request, each with a base branch, a branch to merge, and the truth.

The truth does not come from mbuild: git says in the remote, which has everything, what differs between the merge bases
and the pull request, and a table says who reads what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support import Repo

READERS = {
    "base": {"base", "api"},  # api is built FROM base
    "api": {"api"},
    "lib": {"api", "job"},
    "web": {"web"},
    "job": {"job"},
    "cron": {"cron"},
}
_IMAGES = {
    "base": "base: {dockerfile: base/Dockerfile}",
    "api": "api: {dockerfile: api/Dockerfile, context: .}",
    "web": "web: {dockerfile: web/Dockerfile}",
    "job": "job: {dockerfile: job/Dockerfile, context: .}",
    "cron": "cron: {dockerfile: cron/Dockerfile}",
}


def config(*names: str) -> str:
    return "version: 1\nproject: p\nimages:\n" + "".join(f"  {_IMAGES[name]}\n" for name in names)


FILES = {
    "build.yaml": config("base", "api", "web", "job"),
    "base/Dockerfile": "FROM scratch\nCOPY etc /etc\n",
    "base/etc/os": "1\n",
    "api/Dockerfile": "FROM p/base\nCOPY api lib /app/\n",
    "api/main": "1\n",
    "lib/x": "1\n",
    "web/Dockerfile": "FROM scratch\nCOPY . /srv\n",
    "web/index": "1\n",
    "job/Dockerfile": "FROM scratch\nCOPY job/run lib /job/\n",
    "job/run": "1\n",
    "README": "1\n",
}


@dataclass(frozen=True)
class PullRequest:
    """A remote with a pull request: from ``feature``, whose tip is head, into the branch base."""

    remote: Repo
    base: str
    head: str

    def affected(self) -> set[str]:
        """Return the truth."""
        git = self.remote.git
        found: set[str] = set()
        for each in git("merge-base", "--all", self.base, self.head).split():
            for path in git("diff", "--name-only", "--no-renames", each, self.head).split("\n"):
                found |= READERS.get(path.partition("/")[0], set())
        return {name for name in found if git("ls-tree", self.head, f"{name}/Dockerfile")}


def _branch(repo: Repo, name: str, at: str = "main") -> None:
    repo.git("checkout", "-q", "-b", name, at)


def _on(repo: Repo, name: str) -> None:
    repo.git("checkout", "-q", name)


def one_commit(repo: Repo) -> None:
    _branch(repo, "feature")
    repo.commit({"web/index": "2\n"})


def base_moved_on(repo: Repo) -> None:
    _branch(repo, "feature")
    repo.commit({"job/run": "2\n"})
    repo.commit({"README": "2\n"})
    _on(repo, "main")
    repo.commit({"web/index": "theirs\n"})
    repo.commit({"base/etc/os": "theirs\n"})


def back_merge(repo: Repo) -> None:
    """The branch took the base in, so that what came from there is not its own."""
    base_moved_on(repo)
    _on(repo, "feature")
    repo.git("merge", "-q", "--no-edit", "main")
    repo.commit({"job/run": "3\n"})
    _on(repo, "main")
    repo.commit({"lib/x": "theirs\n"})


def criss_cross(repo: Repo) -> None:
    """Two merge bases: the union counts."""
    _branch(repo, "feature")
    mine = repo.commit({"web/index": "2\n"})
    _on(repo, "main")
    theirs = repo.commit({"job/run": "2\n"})
    repo.git("merge", "-q", "--no-edit", mine)
    _on(repo, "feature")
    repo.git("merge", "-q", "--no-edit", theirs)
    repo.commit({"api/main": "2\n"})


def takes_back(repo: Repo) -> None:
    """The branch takes back what the base did: against an older ancestor, nothing would differ."""
    for number in range(3):
        repo.commit({"README": f"{number}\n"})
    old = repo.commit({"README": "old\n"})
    new = repo.commit({"web/index": "2\n"})
    for number in range(4):
        repo.commit({"README": f"after {number}\n"})
    _branch(repo, "feature", new)
    repo.commit({"web/index": "1\n"})
    # Nearer to the tip than the true ancestor: a short history has the old one alone.
    repo.git("merge", "-q", "--no-edit", "-s", "ours", old)
    _on(repo, "main")
    side = repo.git("commit-tree", "-p", old, "-m", "side", f"{old}^{{tree}}")
    repo.git("merge", "-q", "--no-edit", "-s", "ours", side)


def long_histories(repo: Repo) -> None:
    """More than the first step of deepening, on both sides."""
    _branch(repo, "feature")
    repo.commit({"lib/x": "2\n"})
    for number in range(70):
        repo.git("commit", "-q", "--allow-empty", "-m", f"mine {number}")
    _on(repo, "main")
    repo.commit({"web/index": "theirs\n"})
    for number in range(120):
        repo.git("commit", "-q", "--allow-empty", "-m", f"theirs {number}")


def renames(repo: Repo) -> None:
    _branch(repo, "feature")
    repo.git("mv", "web/index", "lib/index")
    repo.git("mv", "api/main", "api/start")
    repo.commit()


def images_come_and_go(repo: Repo) -> None:
    _branch(repo, "feature")
    repo.git("rm", "-q", "-r", "web")
    cron = {"cron/Dockerfile": "FROM scratch\nCOPY . /\n", "cron/tab": "1\n"}
    repo.commit(cron | {"build.yaml": config("base", "api", "job", "cron")})
    _on(repo, "main")
    repo.commit({"web/index": "theirs\n"})


def definitions(repo: Repo) -> None:
    """Modes, links and a Dockerfile; the base's Dockerfiles have to be read, which partial clones do not have."""
    _branch(repo, "feature")
    (repo.folder / "job/run").chmod(0o755)
    (repo.folder / "web/link").symlink_to("index")
    repo.commit({"base/Dockerfile": "FROM scratch\nCOPY etc /etc\nENV A=1\n"})
    _on(repo, "main")
    repo.commit({"api/Dockerfile": "FROM p/base\nCOPY api lib /srv/\n"})


def stacked(repo: Repo) -> None:
    """Into another branch, which is not the default one."""
    _branch(repo, "stack")
    repo.commit({"base/etc/os": "2\n"})
    _branch(repo, "feature", "stack")
    repo.commit({"web/index": "2\n"})
    _on(repo, "stack")
    repo.commit({"job/run": "2\n"})


def two_roots(repo: Repo) -> None:
    """The branch takes in a history of its own."""
    repo.git("checkout", "-q", "--orphan", "other")
    repo.git("rm", "-q", "-r", "--cached", ".")
    repo.git("clean", "-q", "-f", "-d", "-x")
    repo.commit({"lib/imported": "1\n"})
    _branch(repo, "feature")
    repo.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "other")
    repo.git("branch", "-q", "-D", "other")
    _on(repo, "main")
    repo.commit({"web/index": "theirs\n"})


def nothing_of_an_image(repo: Repo) -> None:
    _branch(repo, "feature")
    repo.commit({"README": "2\n", "docs/guide": "1\n"})
    _on(repo, "main")
    repo.commit({"api/main": "theirs\n"})


HISTORIES: tuple[Callable[[Repo], None], ...] = (
    one_commit,
    base_moved_on,
    back_merge,
    criss_cross,
    takes_back,
    long_histories,
    renames,
    images_come_and_go,
    definitions,
    stacked,
    two_roots,
    nothing_of_an_image,
)


def make(history: Callable[[Repo], None], folder: Path) -> PullRequest:
    """Make the remote. Commits are an hour apart, so that their order is the same every time."""
    repo = Repo(folder)
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit(FILES)
    repo.commit({"README": "first\n"})
    history(repo)
    head = repo.git("rev-parse", "feature")
    base = "stack" if history is stacked else "main"
    repo.git("update-ref", "refs/pull/7/head", head)
    _on(repo, "main")
    return PullRequest(repo, base, head)
