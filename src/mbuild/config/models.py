"""build.yaml as pydantic models: which keys there are, of which kind, with which grammar. The schema comes from here.

Values arrive as text (see ``nodes``), so there is nothing to coerce; an optional key without a value counts as absent.
Rules between entries (names that must exist, paths that must stay inside) are in ``load``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from mbuild import names, passed, platforms, references
from mbuild.references import NameProblem, quoted


def _checked(check: Callable[[str], str]) -> AfterValidator:
    """Turn a check of ``mbuild.names`` into a validator."""

    def validate(text: str) -> str:
        try:
            return check(text)
        except NameProblem as error:
            problem = error.problems[0]
            context = {"message": problem.message, "hints": problem.hints}
            raise PydanticCustomError("name", "{message}", context) from None

    return AfterValidator(validate)


def _not_empty(text: str) -> str:
    if not text:
        raise NameProblem("must not be empty")
    return text


def _program(argv: list[str]) -> list[str]:
    if not argv or not argv[0]:
        context = {"message": "the command needs a program", "hints": ()}
        raise PydanticCustomError("name", "{message}", context)
    return argv


def _version(text: str) -> str:
    if text != "1":
        raise NameProblem(f"this mbuild knows version 1, not {quoted(text)}")
    return text


def _context_name(text: str) -> str:
    """BuildKit compares these names as image references (``frontend/dockerui/config.go``)."""
    references.parse_reference(text)
    return text


def _ssh(text: str) -> str:
    passed.parse_ssh(text)
    return text


_TEXT = WithJsonSchema({"type": ["string", "number", "boolean"]})
_PATTERN = {"type": "string", "minLength": 1}

Version = Annotated[str, _checked(_version), WithJsonSchema({"enum": [1, "1"]})]
Text = Annotated[str, _TEXT]
Word = Annotated[str, _checked(_not_empty), _TEXT]
Line = Annotated[str, _checked(_not_empty), WithJsonSchema(_PATTERN)]
ImageName = Annotated[
    str, _checked(names.image_name), WithJsonSchema({"type": "string", "pattern": names.IMAGE_NAME_PATTERN})
]
ProjectName = Annotated[
    str, _checked(names.project_name), WithJsonSchema({"type": "string", "pattern": names.IMAGE_NAME_PATTERN})
]
Registry = Annotated[str, _checked(names.registry_prefix), WithJsonSchema(_PATTERN)]
Alias = Annotated[str, _checked(names.alias), WithJsonSchema(_PATTERN)]
Tag = Annotated[str, _checked(names.tag_template), _TEXT]
PlatformName = Annotated[
    str, _checked(platforms.platform), WithJsonSchema({"type": "string", "pattern": "^[^/]+(/[^/]+){0,2}$"})
]
ArgName = Annotated[str, _checked(names.arg_name), WithJsonSchema({"type": "string", "pattern": r"^[^\s=]+$"})]
ContextName = Annotated[str, _checked(_context_name), WithJsonSchema(_PATTERN)]
SecretId = Annotated[
    str, _checked(names.secret_id), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_.][A-Za-z0-9_.-]*$"})
]
Variable = Annotated[
    str, _checked(names.variable_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"})
]
LabelName = Annotated[
    str,
    _checked(passed.label_name),
    WithJsonSchema({"type": "string", "pattern": r"^(?!dev\.mbuild\.)[^=\x00-\x1f\x7f-\x9f\u2028\u2029]+$"}),
]
SshAgent = Annotated[
    str, _checked(_ssh), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_.][A-Za-z0-9_.-]*(=.+)?$"})
]
CacheText = Annotated[str, _checked(_not_empty), _checked(passed.cache), WithJsonSchema(_PATTERN)]
TimeLimit = Annotated[str, _checked(names.time_limit), _TEXT]
FileInImage = Annotated[str, _checked(names.file_in_image), WithJsonSchema({"type": "string", "pattern": "^/"})]
FileKind = Annotated[str, _checked(names.file_kind), WithJsonSchema({"enum": list(names.FILE_KINDS)})]
FileMode = Annotated[str, _checked(names.file_mode), _TEXT]
FileOwner = Annotated[str, _checked(names.file_owner), _TEXT]
BuilderName = Annotated[str, _checked(names.builder), WithJsonSchema({"enum": list(names.BUILDERS)})]


class Model(BaseModel):
    """What all parts share: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SecretEntry(Model):
    """A build secret, by environment variable or by file; never by value."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [each]} for each in ("env", "file", "src")]})

    id: SecretId = Field(description="The id that RUN --mount=type=secret,id=… asks for.")
    env: Variable | None = Field(default=None, description="Environment variable that holds it when the build runs.")
    file: Line | None = Field(
        default=None, description="File that holds it; relative to the folder of build.yaml, or absolute."
    )
    src: Line | None = Field(default=None, description="The same as file, as docker build calls it.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(each is not None for each in (self.env, self.file, self.src)) != 1:
            raise PydanticCustomError(
                "name", "{message}", {"message": f"the secret '{self.id}' needs one of env, file or src", "hints": ()}
            )
        return self


class FileEntry(Model):
    """What must be true of a file in the image; an empty entry says that it is there. A link is not followed."""

    type: FileKind | None = Field(default=None, description="What it is; absent: there must be nothing.")
    mode: FileMode | None = Field(default=None, description="Its permission bits, as in 0755.")
    owner: FileOwner | None = Field(default=None, description="UID or UID:GID, in numbers.")

    @model_validator(mode="after")
    def _nothing_has_no_mode(self) -> Self:
        if self.type == "absent" and (self.mode or self.owner):
            message = "what is absent has neither mode nor owner"
            raise PydanticCustomError("name", "{message}", {"message": message, "hints": ()})
        return self


class ImageTestEntry(Model):
    """A test of the built image. The image gets its names only when it has passed."""

    command: Annotated[list[Text], AfterValidator(_program)] | None = Field(
        default=None,
        description="Program and arguments, run in a container of the image in the place of ENTRYPOINT and CMD.",
    )
    timeout: TimeLimit | None = Field(default=None, description="How long the command may take. Default: 5m.")
    files: dict[FileInImage, FileEntry | None] | None = Field(
        default=None, description="What must be at these paths of the image; nothing is run to find out."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.command and not self.files:
            message = "a test needs a command, or files"
            raise PydanticCustomError("name", "{message}", {"message": message, "hints": ()})
        return self


def _spelled_out(value: object) -> object:
    """A list is the command alone."""
    if isinstance(value, list):
        return {"command": value}
    if isinstance(value, str):
        context = {
            "message": "must be a list, the command, or a mapping, not text",
            "hints": ('a command in the image\'s shell is [sh, -c, "…"]',),
        }
        raise PydanticCustomError("name", "{message}", context)
    return value


def _or_a_list(schema: JsonDict) -> None:
    command: JsonDict = {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}
    schema["anyOf"] = [command, *schema["anyOf"]]  # type: ignore[misc]


ImageTestOrList = Annotated[ImageTestEntry, BeforeValidator(_spelled_out)]


class ImageEntry(Model):
    """One image. Every key has a default, so an entry may be empty: then NAME/Dockerfile is built."""

    dockerfile: Line | None = Field(
        default=None,
        description="The Dockerfile. Default: the one discovered, else CONTEXT/Dockerfile, else NAME/Dockerfile.",
    )
    context: Line | None = Field(
        default=None,
        description="Context root: the folder that COPY and ADD are relative to. Default: the Dockerfile's folder.",
    )
    target: Word | None = Field(default=None, description="Stage to build. Default: the last one.")
    args: dict[ArgName, Text] | None = Field(default=None, description="Build arguments; always text, as written here.")
    contexts: dict[ContextName, Line] | None = Field(
        default=None, description="Named contexts: a folder, image:NAME, docker-image://REFERENCE or a URL."
    )
    aliases: list[Alias] | None = Field(
        default=None, description="Other names under which Dockerfiles here refer to the image."
    )
    include: list[Line] | None = Field(
        default=None, description="When given, the context is narrowed to these patterns."
    )
    exclude: list[Line] | None = Field(
        default=None, description="Patterns taken out of the context, as in an ignore file."
    )
    depends_on: list[ImageName] | None = Field(
        default=None, description="Images needed first although no Dockerfile says so."
    )
    secrets: list[SecretEntry] | None = Field(default=None, description="Secrets that RUN may mount.")
    ssh: list[SshAgent] | None = Field(
        default=None, description="ssh agents and keys that RUN may mount: default, or ID=SOCKET_OR_KEY."
    )
    labels: dict[LabelName, Text] | None = Field(default=None, description="Labels of the image.")
    cache_from: list[CacheText] | None = Field(
        default=None, description="Caches to use, as in type=registry,ref=…; {name} is the image's name."
    )
    cache_to: list[CacheText] | None = Field(default=None, description="Caches to write, as in cache_from.")
    tags: list[Tag] | None = Field(
        default=None, description="Tags to give; {commit}, {short_commit}, {branch} and {fingerprint} are filled in."
    )
    platforms: list[PlatformName] | None = Field(default=None, description="Platforms to build for, as in linux/arm64.")
    builder: BuilderName | None = Field(default=None, description="What builds the image.")
    test: ImageTestOrList | None = Field(
        default=None,
        description="A command that must succeed in the image before it gets its names, or more to test.",
        json_schema_extra=_or_a_list,
    )


class Defaults(Model):
    """What holds for every image that does not say otherwise; args and labels are merged, an image's own win."""

    builder: BuilderName | None = Field(default=None, description="What builds the images.")
    platforms: list[PlatformName] | None = Field(default=None, description="Platforms to build for.")
    args: dict[ArgName, Text] | None = Field(default=None, description="Build arguments.")
    labels: dict[LabelName, Text] | None = Field(default=None, description="Labels of the images.")
    cache_from: list[CacheText] | None = Field(
        default=None, description="Caches to use, as in type=registry,ref=…; {name} is the image's name."
    )
    cache_to: list[CacheText] | None = Field(default=None, description="Caches to write, as in cache_from.")


class Config(Model):
    """The images of a repository and how mbuild builds them. Paths are relative to the folder of this file."""

    version: Version | None = Field(default=None, description="Version of this format: 1.")
    project: ProjectName | None = Field(
        default=None, description="Name of the project: images are called PROJECT/NAME."
    )
    registry: Registry | None = Field(default=None, description="HOST[:PORT][/PATH]: images are called REGISTRY/NAME.")
    discover: list[Line] | None = Field(
        default=None,
        description="Patterns of Dockerfiles: one image each, named after its folder; '!' takes matches away.",
    )
    defaults: Defaults | None = Field(default=None, description="What holds for every image.")
    images: dict[ImageName, ImageEntry | None] | None = Field(default=None, description="The images, by name.")
