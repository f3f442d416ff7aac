"""Single edits that matter: each makes an image, and those built from it, another one.

An edit comes with its effect, a value: two edits have the same effect only where they leave the same inputs, as when a
file is deleted in one and ignored in the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from tests.oracle.determinism.monorepos import READ, State, Value, dockerfile
from tests.oracle.determinism.replacements import LINES


@dataclass(frozen=True, slots=True)
class Mutation:
    """An edited monorepo, the image that the edit is about, and what it amounts to."""

    kind: str
    image: str
    state: State
    effect: tuple[object, ...]


Make = Callable[[Random, State, int], Mutation]
"""Makes an edit; the number is another one each time."""


def write(rng: Random, state: State, number: int) -> Mutation:
    """Change one byte of a file."""
    image, path = _file(rng)
    return _files("write", image, state, {path: _other_text(rng, state, path, number)})


def _other_text(rng: Random, state: State, path: str, number: int) -> str:
    text = _text(state, path)
    return rng.choice([f"{text} {number}", f"{number} {text}", f"{text}\n{number}\n", f"{text}\r{number}", f"{number}"])


def empty(rng: Random, state: State, number: int) -> Mutation:
    image, path = _file(rng)
    return _files("empty", image, state, {path: ""})


def delete(rng: Random, state: State, number: int) -> Mutation:
    image, path = _file(rng)
    return Mutation("delete", image, state.with_files({path: None}), ("gone", path))


def ignore(rng: Random, state: State, number: int) -> Mutation:
    """Take a file out by the ignore file, or by `exclude`: the same as deleting it."""
    image, path = _file(rng)
    while not path.isascii():
        image, path = _file(rng)
    name = re.sub(r"[\[*?\n]", "?", path.partition("/")[2])
    if rng.random() < 0.3:
        return Mutation("exclude", image, state.with_image(image, exclude=[name]), ("gone", path))
    line = rng.choice([name, f"/{name}", f"x/../{name}", f"{name}\n# {number}"])
    changed = {f"{image}/.dockerignore": f"{line}\n{_text(state, f'{image}/.dockerignore')}"}
    return Mutation("ignore", image, state.with_files(changed), ("gone", path))


def include_again(rng: Random, state: State, number: int) -> Mutation:
    """Send a file that was ignored."""
    image, name = rng.choice(
        [("base", "notes.md"), ("base", "skipped.md"), ("web", "page/unread.tmp"), ("job", "data/drop.tmp")]
    )
    path = f"{image}/.dockerignore"
    return Mutation(
        "re-include", image, state.with_files({path: f"{_text(state, path)}!{name}\n"}), ("sent", image, name)
    )


def add(rng: Random, state: State, number: int) -> Mutation:
    folder, image = rng.choice(
        [("base", "base"), ("api/lib", "api"), ("web/page", "web"), ("job", "job"), ("shared", "api")]
    )
    name = rng.choice([f"new{number}", f"deep/er{number}", f"n\n{number}", f"{number}\udcfe", f".{number}"])
    return _files("add", image, state, {f"{folder}/{name}": rng.choice(["", "same"])})


def rename(rng: Random, state: State, number: int) -> Mutation:
    image, path = _file(rng)
    folder, _, name = path.rpartition("/")
    return _files("rename", image, state, {path: None, f"{folder}/{number}{name}": state.files[path]})


def mode(rng: Random, state: State, number: int) -> Mutation:
    image, path = _file(rng)
    return _files("mode", image, state, {path: ("exec", _text(state, path))})


def to_link(rng: Random, state: State, number: int) -> Mutation:
    """Make a file a link, even one whose target is what the file held."""
    image, path = _file(rng)
    return _files("file to link", image, state, {path: ("link", rng.choice([_text(state, path), f"to{number}"]))})


def link_target(rng: Random, state: State, number: int) -> Mutation:
    return _files(
        "link target", "web", state, {"web/ln": ("link", rng.choice([f"page/../page/./p{number}", f"/{number}"]))}
    )


def to_file(rng: Random, state: State, number: int) -> Mutation:
    return _files("link to file", "web", state, {"web/ln": rng.choice(["real", f"real{number}"])})


def to_folder(rng: Random, state: State, number: int) -> Mutation:
    image, path = _file(rng)
    return _files("file to folder", image, state, {path: None, f"{path}/in{number}": state.files[path]})


def submodule(rng: Random, state: State, number: int) -> Mutation:
    image, path = rng.choice([("base", "base/module"), ("job", "job/data/module"), ("api", "api/lib/module")])
    return _files("submodule", image, state, {path: ("submodule", f"{number:040x}")})


def swap(rng: Random, state: State, number: int) -> Mutation:
    image = rng.choice(list(READ))
    one, two = sorted(f"{image}/{name}" for name in rng.sample(READ[image], 2))
    return _files("swap", image, state, {one: state.files[two], two: state.files[one]})


def shared(rng: Random, state: State, number: int) -> Mutation:
    path = rng.choice(["shared/s1", "shared/s2", "shared/in/s3", "shared/in/s4"])
    return _files("named context", "api", state, {path: f"{number}"})


def instruction(rng: Random, state: State, number: int) -> Mutation:
    """Replace a line of a Dockerfile by one that means something else."""
    pattern = rng.choice(list(LINES))
    return _line(rng, state, pattern, rng.choice(LINES[pattern]).replace("{n}", str(number)))


def _line(rng: Random, state: State, pattern: str, new: str) -> Mutation:
    image = next(each for each in READ if re.search(f"(?m)^{pattern}$", state.dockerfile(each)))
    text = re.sub(f"(?m)^{pattern}$", new.replace("\\", r"\\"), state.dockerfile(image), count=1)
    return Mutation("instruction", image, state.with_files({dockerfile(image): text}), ("line", pattern, new))


def no_instruction(rng: Random, state: State, number: int) -> Mutation:
    """Take a line away."""
    may_go = [each for each in LINES if not each.startswith(("FROM", "ARG GLOBAL", "COPY <<EOF", "text", "ADD"))]
    pattern = rng.choice(may_go)
    return _line(rng, state, pattern, "# gone")


def swapped_instructions(rng: Random, state: State, number: int) -> Mutation:
    """Exchange two lines that stand one after the other."""
    lines = state.dockerfile("api").split("\n")
    at = rng.choice(
        [
            at
            for at, line in enumerate(lines[:-1])
            if line.startswith(("ENV", "LABEL", "WORKDIR", "USER", "EXPOSE", "VOLUME"))
        ]
    )
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    text = "\n".join(lines)
    return Mutation("order", "api", state.with_files({dockerfile("api"): text}), ("order", at))


def heredoc_body(rng: Random, state: State, number: int) -> Mutation:
    new = rng.choice([f"text {number}", f"text\t{number}", f"\ttext {number}", f"text {number} $ROOT "])
    return _line(rng, state, r"text .*", new)


def argument(rng: Random, state: State, number: int) -> Mutation:
    name = rng.choice(["MODE", "GLOBAL", "FROM_YAML"])
    args = {**state.config["images"]["api"]["args"], name: f"{number}"}
    return Mutation("argument", "api", state.with_image("api", args=args), ("argument", name, number))


def builder_argument(rng: Random, state: State, number: int) -> Mutation:
    image, name = rng.choice(list(READ)), rng.choice(["BUILDKIT_X", "SOURCE_DATE_EPOCH"])
    args = {**state.config["images"][image].get("args", {}), name: str(number)}
    return Mutation("argument", image, state.with_image(image, args=args), ("argument", image, name, number))


def target(rng: Random, state: State, number: int) -> Mutation:
    name = rng.choice(["debug", "build", "tools", "unused"])
    return Mutation("target", "api", state.with_image("api", target=name), ("target", name))


def platform(rng: Random, state: State, number: int) -> Mutation:
    image = rng.choice(["base", "job"])
    wanted = rng.choice([["linux/arm64"], ["linux/arm/v7"], ["linux/amd64", "linux/arm64"], ["linux/s390x"]])
    return Mutation("platform", image, state.with_image(image, platforms=wanted), ("platform", image, *wanted))


def named_context(rng: Random, state: State, number: int) -> Mutation:
    value = rng.choice(
        ["./shared/in", "./job/data", f"docker-image://ext/shared:{number}", f"https://example.com/{number}.git"]
    )
    return Mutation("named context", "api", state.with_image("api", contexts={"shared": value}), ("context", value))


def replaced_base(rng: Random, state: State, number: int) -> Mutation:
    """Put something else in place of what FROM names."""
    image = rng.choice(["base", "web"])
    name = state.dockerfile(image).split()[1]
    value = f"docker-image://ext/replaced:{number}"
    return Mutation("replaced base", image, state.with_image(image, contexts={name: value}), ("replaced", name, number))


def dependency(rng: Random, state: State, number: int) -> Mutation:
    image = rng.choice(["base", "web"])
    return Mutation("dependency", image, state.with_image(image, depends_on=["job"]), ("depends on", image))


def secret(rng: Random, state: State, number: int) -> Mutation:
    image = rng.choice(list(READ))
    given = rng.choice(
        [{"id": f"s{number}", "env": "X"}, {"id": "s", "env": f"X{number}"}, {"id": "s", "file": f"f{number}"}]
    )
    return Mutation("secret", image, state.with_image(image, secrets=[given]), ("secret", image, *given.values()))


def test(rng: Random, state: State, number: int) -> Mutation:
    """Give an image a test, in one of its forms: two of them are the same test."""
    image = rng.choice(list(READ))
    argv = rng.choice([["/app", f"{number}"], [f"/app {number}"], ["/app", "", f"{number}"]])
    path, kind = rng.choice(["/a", "/b"]), rng.choice(["file", "absent"])
    effects: list[tuple[object, tuple[object, ...]]] = [
        (argv, (*argv,)),
        ({"command": argv}, (*argv,)),
        ({"command": argv, "timeout": "300"}, (*argv,)),
        ({"command": argv, "timeout": f"{301 + number}"}, (*argv, number)),
        ({"command": argv, "files": {path: {"type": kind}}}, (*argv, path, kind)),
        ({"files": {f"/{number}": {"mode": "0755"}}}, ("mode", number)),
        ({"files": {f"/{number}": {"owner": "755"}}}, ("owner", number)),
    ]
    given, effect = rng.choice(effects)
    return Mutation("test", image, state.with_image(image, test=given), ("test", image, effect))


def syntax(rng: Random, state: State, number: int) -> Mutation:
    image = rng.choice(list(READ))
    text = f"# syntax=docker/dockerfile:1.{number}\n{state.dockerfile(image)}"
    return Mutation("syntax", image, state.with_files({dockerfile(image): text}), ("syntax", image, number))


def context_root(rng: Random, state: State, number: int) -> Mutation:
    folder = rng.choice(["base", "shared", "docker", "."])
    return Mutation("context root", "job", state.with_image("job", context=folder), ("root", folder))


def narrowed(rng: Random, state: State, number: int) -> Mutation:
    image, name = rng.choice([("base", "sub"), ("base", "one"), ("job", "data"), ("job", "main")])
    return Mutation("include", image, state.with_image(image, include=[name]), ("include", image, name))


MAKE: tuple[Make, ...] = (
    *(write, empty, delete, ignore, include_again, add, rename, mode, to_link, link_target, to_file, to_folder),
    *(submodule, swap, shared, instruction, instruction, instruction, no_instruction, swapped_instructions),
    *(
        heredoc_body,
        argument,
        builder_argument,
        target,
        platform,
        named_context,
        replaced_base,
        dependency,
        secret,
        test,
    ),
    *(syntax, context_root, narrowed, test),
)


def mutations(rng: Random, state: State, numbers: Iterator[int]) -> Iterator[Mutation]:
    """Yield edits of every kind in turn, without end."""
    while True:
        for make in MAKE:
            yield make(rng, state, next(numbers))


def _file(rng: Random) -> tuple[str, str]:
    image = rng.choice(list(READ))
    return image, f"{image}/{rng.choice(READ[image])}"


def _text(state: State, path: str) -> str:
    value = state.files[path]
    assert isinstance(value, str)
    return value


def _files(kind: str, image: str, state: State, changes: Mapping[str, Value | None]) -> Mutation:
    return Mutation(kind, image, state.with_files(changes), ("files", *sorted(changes.items(), key=str)))
