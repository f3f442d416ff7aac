"""build.yaml as pydantic models: which keys there are, of which kind, with which grammar. The schema comes from here.

Values arrive as text (see ``nodes``), so there is nothing to coerce; an optional key without a value counts as absent.
Rules between entries (names that must exist, paths that must stay inside) are in ``load``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from mbuild import names
from mbuild.names import NameProblem, quoted


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


def _version(text: str) -> str:
    if text != "1":
        raise NameProblem(f"this mbuild knows version 1, not {quoted(text)}")
    return text


def _context_name(text: str) -> str:
    """BuildKit compares these names as image references (``frontend/dockerui/config.go``)."""
    names.parse_reference(text)
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
    str, _checked(names.platform), WithJsonSchema({"type": "string", "pattern": "^[^/]+(/[^/]+){0,2}$"})
]
ArgName = Annotated[str, _checked(names.arg_name), WithJsonSchema({"type": "string", "pattern": r"^[^\s=]+$"})]
ContextName = Annotated[str, _checked(_context_name), WithJsonSchema(_PATTERN)]
SecretId = Annotated[
    str, _checked(names.secret_id), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_.][A-Za-z0-9_.-]*$"})
]
Variable = Annotated[
    str, _checked(names.variable_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"})
]
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
    tags: list[Tag] | None = Field(
        default=None, description="Tags to give; {commit}, {short_commit}, {branch} and {fingerprint} are filled in."
    )
    platforms: list[PlatformName] | None = Field(default=None, description="Platforms to build for, as in linux/arm64.")
    builder: BuilderName | None = Field(default=None, description="What builds the image.")


class Defaults(Model):
    """What holds for every image that does not say otherwise; args are merged, an image's own win."""

    builder: BuilderName | None = Field(default=None, description="What builds the images.")
    platforms: list[PlatformName] | None = Field(default=None, description="Platforms to build for.")
    args: dict[ArgName, Text] | None = Field(default=None, description="Build arguments.")


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
