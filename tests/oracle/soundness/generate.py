"""Makes up monorepos: services and their parents, shared folders, stages, named contexts, ignore files, a submodule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.oracle.soundness.instructions import Maker, Surroundings
from tests.oracle.soundness.names import MORE, ODD, PLAIN, some_blob, some_link, unclean
from tests.oracle.soundness.values import (
    SUBMODULE,
    Blob,
    Define,
    Dockerfile,
    Ignore,
    Image,
    Monorepo,
    Stage,
    Step,
    Var,
    Word,
)

FOLDERS = ("base", "tools", "services/api", "services/web", "services/job", "libs/money", "proto")
IGNORES = (
    *("*.md", "**/*.md", "data", "!data/deep", "test_*", "**/test_x.py", "data/**", "!**/c.md", "README*", "lib"),
    *("*", "!main.py", "!data", "[a-c]*", "**/deep", "/conf.toml", "!conf.toml", "services/*/data", "**/.dot", "?.txt"),
)
IGNORED_TOGETHER = (
    ("*", "!main.py", "!data"),
    ("data", "!data/deep"),
    ("**/*.md", "!README.md", "!**/c.md"),
    ("*", "!data/**", "data/b.txt"),
    ("services", "!services/*/main.py", "!services/*/data"),
)
EXCLUDED = ("*.md", "data", "data/deep", "**/c.md", "**/z.txt", "lib")
INCLUDED = ("**", "data", "main.py", "data/deep", "lib", "services", "libs/money", "*.py", "**/*.txt")
EXTERNAL = ("busybox", "alpine:3.20", "oracle/busybox:1")
ENGINE_EXTERNAL = ("oracle/busybox:1",)
SUBMODULE_PATH = "vendor/sub"


@dataclass(frozen=True)
class Kinds:
    """What may be in a monorepo.

    engine: only what a Docker Engine without a network builds.
    plain:  Dockerfiles begin without heredocs, mounts and triggers, as most are; edits may bring them.
    """

    engine: bool = False
    commits: Sequence[str] = ("1" * 40, "2" * 40, "3" * 40)
    plain: bool = False


def generate(pick: random.Random, kinds: Kinds) -> Monorepo:
    """Return a monorepo of some five images."""
    files: dict[str, Blob] = {"README.md": some_blob(pick), "docs/guide.md": some_blob(pick)}
    for folder in FOLDERS:
        for name in pick.sample(PLAIN, pick.randint(4, len(PLAIN))) + pick.sample(MORE, 2):
            files[f"{folder}/{name}"] = some_blob(pick)
        for name in pick.sample(ODD, 2):
            files[f"{folder}/{name}"] = some_blob(pick)
        if pick.random() < 0.7:
            files[f"{folder}/current"] = some_link(pick)
    if not kinds.engine:
        files[SUBMODULE_PATH] = Blob(kinds.commits[0].encode(), SUBMODULE)
        files[".gitmodules"] = Blob(b'[submodule "sub"]\n\tpath = vendor/sub\n\turl = ../sub\n')
    repo = Monorepo(files, {}, {}, {}, pick.randrange(10_000), modules=tuple(kinds.commits))
    for name in ("base", "tools", "api", "web", "job")[: pick.randint(4, 5)]:
        repo = add_image(pick, repo, name, kinds)
    if pick.random() < 0.6:
        repo = _twin(pick, repo)
    for _ in range(3):
        path = pick.choice(ignore_places(repo))
        repo = repo.with_ignore(path, Ignore(some_patterns(pick), pick.randrange(10_000)))
    return repo


def some_patterns(pick: random.Random) -> tuple[str, ...]:
    """Return the lines of an ignore file."""
    if pick.random() < 0.6:
        return _as_written(pick, pick.choice(IGNORED_TOGETHER))
    return _as_written(pick, pick.sample(IGNORES, pick.randint(1, 4)))


def excluded(pick: random.Random) -> tuple[str, ...]:
    """Return what build.yaml leaves out of a context."""
    return _as_written(pick, (pick.choice(EXCLUDED),))


def included(pick: random.Random) -> tuple[str, ...]:
    """Return what build.yaml narrows a context to."""
    return _as_written(pick, pick.sample(INCLUDED, pick.randint(2, 5)))


def _as_written(pick: random.Random, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return patterns as people write them: some are not clean, some have blanks around them, or a slash in front."""
    return tuple(
        _from_the_top(
            pick.choice(["{}", "{}", " {}", "{} "]).format(unclean(pick, each)) if pick.random() < 0.4 else each
        )
        for each in patterns
    )


def _from_the_top(pattern: str) -> str:
    """Return some patterns with a slash in front, which means nothing."""
    mark, plain = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    return pattern if plain.startswith(" ") or sum(plain.encode()) % 3 else f"{mark}/{plain}"


def ignore_places(repo: Monorepo) -> list[str]:
    """Return where an ignore file would count, and one place where none does."""
    roots = {image.root for image in repo.images.values()}
    roots |= {value for image in repo.images.values() for _, value in image.contexts if ":" not in value}
    places = {f"{root}/.dockerignore" if root else ".dockerignore" for root in roots}
    return sorted(places | {f"{path}.dockerignore" for path in repo.dockerfiles} | {"docs/.dockerignore"})


def add_image(pick: random.Random, repo: Monorepo, name: str, kinds: Kinds) -> Monorepo:
    """Return the monorepo with one image more, with a Dockerfile of its own; it may use those that are there."""
    folder = next((each for each in FOLDERS if each.endswith(name)), pick.choice(FOLDERS))
    root = pick.choice([folder, folder, "", folder.partition("/")[0]])
    path = pick.choice([f"{folder}/Dockerfile", f"{folder}/Dockerfile", f"build/{name}.Dockerfile"])
    if path in repo.dockerfiles:
        path = f"build/{name}.Dockerfile"
    image = Image(
        name,
        path,
        root,
        contexts=_contexts(pick, repo, kinds),
        aliases=(f"acme/{name}",) if pick.random() < 0.3 else (),
        depends_on=_some(pick, list(repo.images), 0.15),
        exclude=excluded(pick) if pick.random() < 0.1 and not kinds.engine else (),
        include=included(pick) if pick.random() < 0.25 and not kinds.engine else (),
    )
    around = Surroundings.of(repo, image, list(repo.images), labs=not kinds.engine)
    around.plain = kinds.plain
    file = _dockerfile(pick, around, kinds, is_base=name in ("base", "tools"))
    image = replace(image, target=_target(pick, file), args=_args(pick, file))
    return repo.with_dockerfile(path, file).with_image(image)


def _some(pick: random.Random, choices: Sequence[str], share: float) -> tuple[str, ...]:
    return (pick.choice(choices),) if choices and pick.random() < share else ()


def _contexts(pick: random.Random, repo: Monorepo, kinds: Kinds) -> tuple[tuple[str, str], ...]:
    found = {}
    if pick.random() < 0.5:
        found["extra"] = pick.choice(["proto", "libs/money", "libs"])
    if repo.images and pick.random() < 0.45:
        name = pick.choice(list(repo.images))
        found["kit"] = f"image:{name}" if kinds.engine or pick.random() < 0.7 else f"docker-image://shop/{name}:1.0"
    if not kinds.engine and pick.random() < 0.1:
        found[pick.choice(["certs", "busybox"])] = f"docker-image://{pick.choice(EXTERNAL)}"
    if pick.random() < 0.15:
        found[pick.choice(["deps", "oracle/replaced:1"])] = pick.choice(["proto", "libs/money"])
    return tuple(sorted(found.items()))


def _dockerfile(pick: random.Random, around: Surroundings, kinds: Kinds, *, is_base: bool) -> Dockerfile:
    shared = [Define("ARG", "PICK", (pick.choice(["build", "slim"]),)), Define("ARG", "VERSION", ("1.0",))]
    names = ["build", "slim", *pick.sample(["deps", "unused", "test"], pick.randint(0, 2))]
    stages: list[Stage] = []
    for name in [*names, "final"]:
        base = _base(pick, around, kinds, stages)
        around.variables = {}
        around.runs = not kinds.engine or _runs(base, stages)
        around.stages = [each.name for each in stages]
        stage = Maker(pick, around).stage(base, name, pick.randint(1, 3))
        stages.append(replace(stage, steps=(*_declared(pick), *stage.steps)))
    if is_base and not kinds.plain:
        steps = (*stages[-1].steps, Maker(pick, around).trigger(("main.py", "conf.toml", "data")))
        stages[-1] = replace(stages[-1], steps=steps if pick.random() < 0.7 and not kinds.engine else stages[-1].steps)
    syntax = "docker/dockerfile:1" if pick.random() < 0.3 and not kinds.engine else ""
    return Dockerfile(tuple(stages), tuple(shared), syntax, pick.randrange(10_000))


def _declared(pick: random.Random) -> list[Step]:
    if pick.random() < 0.5:
        return []
    return [Define("ARG", "VERSION"), Define("ENV", "RELEASE", (Var("VERSION", ":-", "none"),))]


def _base(pick: random.Random, around: Surroundings, kinds: Kinds, stages: Sequence[Stage]) -> Word:
    external = ENGINE_EXTERNAL if kinds.engine else EXTERNAL
    choices: list[Word] = [("scratch",), (pick.choice(external),)]
    choices += [(pick.choice(around.images),)] * 2 if around.images else []
    choices += [(pick.choice(stages).name,)] * 2 if stages else []
    if len(stages) >= 2:
        choices += [(Var("PICK"),)] * 2
    if "oracle/replaced:1" in around.contexts:
        choices.append(("oracle/replaced:", Var("VERSION", ":+", "1")))
    if "kit" in around.contexts:
        choices.append(("kit",))
    tagged = [each for each in around.images if each.endswith(":1.0")]
    if tagged:
        choices.append((pick.choice(tagged)[: -len("1.0")], Var("VERSION")))
    return pick.choice(choices)


def _runs(base: Word, stages: Sequence[Stage]) -> bool:
    """Tell whether a shell is sure to be in a stage that starts from this."""
    if base == ENGINE_EXTERNAL:
        return True
    return any(base == (stage.name,) and _runs(stage.base, stages) for stage in stages)


def _target(pick: random.Random, file: Dockerfile) -> str:
    return pick.choice(["", "", "", file.stages[-1].name, pick.choice(file.stages).name])


def _args(pick: random.Random, file: Dockerfile) -> tuple[tuple[str, str], ...]:
    choices = {
        "PICK": pick.choice(["build", "slim"]),
        "A0": f"a{pick.randrange(10)}",
        "UNKNOWN": str(pick.randrange(9)),
    }
    return tuple(sorted((name, value) for name, value in choices.items() if pick.random() < 0.3))


def _twin(pick: random.Random, repo: Monorepo) -> Monorepo:
    """Add a second image of the same Dockerfile with another target."""
    image = pick.choice(list(repo.images.values()))
    stages = repo.dockerfiles[image.dockerfile].stages
    twin = replace(image, name=f"{image.name}-test", target=pick.choice(stages).name, aliases=())
    return repo.with_image(twin)
