"""Edits that change nothing that an image is made of: every fingerprint stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.oracle.determinism.monorepos import CHAIN, DOCKERFILES, UNREAD, State, Value, dockerfile

Make = Callable[[Random, State, int], State]


def _edited(state: State, image: str, edit: Callable[[str], str]) -> State:
    text = edit(state.dockerfile(image))
    assert text != state.dockerfile(image), "the edit did nothing"
    return state.with_files({dockerfile(image): text})


def _at_a_line(rng: Random, text: str, new: str) -> str:
    """Put text before an instruction: not into a heredoc, where everything counts."""
    lines = text.split("\n")
    at = rng.choice([at for at, line in enumerate(lines) if line and not line.startswith(("text", "\t", "EOF"))])
    return "\n".join([*lines[:at], new, *lines[at:]])


def comment(rng: Random, state: State, number: int) -> State:
    new = rng.choice([f"# {number}", "#", "   # indented", "# FROM scratch", "# syntax is a word \\"])
    return _edited(state, rng.choice(list(CHAIN)), lambda text: _at_a_line(rng, text, new))


def blank_line(rng: Random, state: State, number: int) -> State:
    return _edited(state, rng.choice(list(CHAIN)), lambda text: _at_a_line(rng, text, rng.choice(["", "\n\n", "  \t"])))


def blanks(rng: Random, state: State, number: int) -> State:
    return _edited(
        state, rng.choice(list(CHAIN)), lambda text: re.sub(r"(?m)^(FROM|COPY) ", rf"{' ' * (number % 3)}\1   ", text)
    )


def lower_case(rng: Random, state: State, number: int) -> State:
    return _edited(
        state, rng.choice(list(CHAIN)), lambda text: re.sub(r"(?m)^(FROM|COPY|ENV)\b", lambda m: m[1].lower(), text)
    )


def continued(rng: Random, state: State, number: int) -> State:
    """Break lines, with a comment or a blank line inside."""
    middle = rng.choice(["", f"# {number}\n", "\n", "  # a\n# b\n"])
    return _edited(
        state, rng.choice(list(CHAIN)), lambda text: re.sub(r"(?m)^(FROM|COPY|ADD) (?!<<)", rf"\1 \\\n{middle}", text)
    )


def unreachable_stage(rng: Random, state: State, number: int) -> State:
    new = rng.choice([f"COPY extra /{number}", f"RUN {number}", f"COPY . /\nFROM ext/{number}", "ARG X\nENV Y=$X"])
    return _edited(state, "api", lambda text: text.replace("COPY extra /extra", new))


def other_target(rng: Random, state: State, number: int) -> State:
    return _edited(state, "api", lambda text: text.replace("COPY --from=build /lib /debug", f"RUN {number}"))


def stage_name(rng: Random, state: State, number: int) -> State:
    new = rng.choice(["1st", "a-b"]) + str(number)
    name = rng.choice(["tools", "build"])
    return _edited(state, "api", lambda text: re.sub(rf"(AS |--from=){name}\b", rf"\g<1>x{new}", text))


def stage_number(rng: Random, state: State, number: int) -> State:
    return _edited(state, "api", lambda text: text.replace("--from=build", "--from=1"))


def quotes(rng: Random, state: State, number: int) -> State:
    return _edited(state, "api", lambda text: re.sub(r"(?m)^(ENV|LABEL|ARG) (\w+)=(.+)$", r'\1 \2="\3"', text))


def unread_file(rng: Random, state: State, number: int) -> State:
    image = rng.choice(list(CHAIN))
    path = f"{image}/{rng.choice(UNREAD[image])}"
    values: list[Value | None] = [None, f"{number}", ("exec", "1"), ("link", "nowhere"), ("link", "..")]
    return state.with_files({path: rng.choice(values)})


def outside_file(rng: Random, state: State, number: int) -> State:
    path = rng.choice(
        ["README", f"new{number}", "docker/notes", f"basement/{number}", f"api/new{number}", f"web/{number}"]
    )
    values: list[Value | None] = ["", f"{number}", ("link", "base")]
    return state.with_files({path: rng.choice(values)})


def ignored_file(rng: Random, state: State, number: int) -> State:
    return state.with_files(
        {rng.choice([f"base/{number}.md", f"web/page/{number}.tmp", f"job/data/{number}.tmp"]): "1"}
    )


def ignore_file(rng: Random, state: State, number: int) -> State:
    """Write an ignore file in other words."""
    image = rng.choice(list(CHAIN))
    path = f"{image}/.dockerignore"
    text = state.files[path]
    assert isinstance(text, str)
    new = rng.choice(
        [f"# {number}\n{text}", f"\n  \n{text}", f"{text}nothing{number}\n", f"/./{text}", text.rstrip("\n")]
    )
    return state.with_files({path: new if image != "api" else f"# {number}\n{text}"})


def moved_dockerfile(rng: Random, state: State, number: int) -> State:
    image = rng.choice(list(CHAIN))
    path = f"docker/{number}/Dockerfile"
    moved = state.with_files({dockerfile(image): None, path: state.dockerfile(image)})
    return moved.with_image(image, dockerfile=path)


def key_order(rng: Random, state: State, number: int) -> State:
    """Write build.yaml in another order."""

    def shuffled(value: object) -> object:
        if not isinstance(value, dict):
            return value
        keys = rng.sample(list(value), len(value))
        return {key: shuffled(value[key]) for key in keys}

    config = shuffled(dict(state.config))
    assert isinstance(config, dict)
    return State(state.files, config)


def names(rng: Random, state: State, number: int) -> State:
    keys: dict[str, object] = rng.choice(
        [
            {"tags": [f"t{number}"]},
            {"aliases": [f"other/{number}"]},
            {"builder": "buildx"},
            {"platforms": ["linux/amd64"]},
        ]
    )
    return state.with_image(rng.choice(list(CHAIN)), **keys)


def unused_argument(rng: Random, state: State, number: int) -> State:
    image = rng.choice(["base", "web", "job"])
    return state.with_image(image, args={"NOBODY_ASKS": f"{number}"})


def another_image(rng: Random, state: State, number: int) -> State:
    path = f"docker/more{number}"
    added = state.with_files({path: f"FROM shop/{rng.choice(list(CHAIN))}\nRUN {number}\n"})
    images = {**added.config["images"], f"more{number}": {"dockerfile": path, "context": "shared"}}
    return State(added.files, {**added.config, "images": images})


MAKE: tuple[Make, ...] = (
    *(comment, blank_line, blanks, lower_case, continued, unreachable_stage, other_target, stage_name, stage_number),
    *(quotes, unread_file, outside_file, ignored_file, ignore_file, moved_dockerfile, key_order, names),
    *(unused_argument, another_image),
)
assert DOCKERFILES.keys() == CHAIN.keys()
