"""The build.yaml that says what was discovered, as a person would have written it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mbuild.config.discover import discover
from mbuild.config.findings import Findings
from mbuild.discovery.model import Discovery, Image
from mbuild.discovery.paths import base, parent
from mbuild.discovery.yamltext import comment, flow_list, flow_mapping, mapping, scalar
from mbuild.errors import Where, and_more
from mbuild.images import Secret
from mbuild.values import dataclass

MAX_ASIDES = 30
MIN_DISCOVERED = 3
_HEADINGS = {
    "bake": "bake files",
    "compose": "compose files",
    "skaffold": "skaffold files",
    "dockerfile": "Dockerfiles",
}


def write(found: Discovery, paths: Sequence[str] = ()) -> str:
    """Return the text of a build.yaml at the git root. paths: of the tree, to see what a pattern would match."""
    text = _Text(found, tuple(paths), _shared_args(found.images), _shared_platforms(found.images))
    return "\n".join(text.lines()) + "\n"


def entries(images: Sequence[Image]) -> str:
    """Return entries for some images, as they would stand below ``images``. Each says all that is its own."""
    text = _Text(Discovery(tuple(images), (), ()), (), {}, ())
    return "\n".join(line for each in images for line in text.image(each)) + "\n"


def _shared_args(images: Sequence[Image]) -> dict[str, str]:
    """Return the arguments that every image has with one value."""
    if len(images) < 2:
        return {}
    counts = Counter(arg for each in images for arg in each.build.args)
    return {name: value for (name, value), count in sorted(counts.items()) if count == len(images)}


def _shared_platforms(images: Sequence[Image]) -> tuple[str, ...]:
    """Return the platforms that every image has."""
    said = {each.build.platforms for each in images}
    return said.pop() if len(said) == 1 and len(images) > 1 else ()


@dataclass(frozen=True, slots=True)
class _Text:
    found: Discovery
    paths: tuple[str, ...]
    shared_args: Mapping[str, str]
    shared_platforms: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield all lines."""
        found = self.found
        yield comment(f"Written by mbuild init from {_sources(found)}. docs/reference.md of mbuild explains each key.")
        yield "version: 1"
        if found.project:
            yield f"project: {scalar(found.project)}"
        if found.registry:
            why = "  # guessed: Dockerfiles here refer to the images so" if found.registry_guessed else ""
            yield f"registry: {scalar(found.registry)}{why}"
        patterns = self._patterns()
        if patterns:
            yield f"discover: {flow_list(patterns)}"
        yield from self._defaults()
        written = [each for each in found.images if not any(self._covers(pattern, each) for pattern in patterns)]
        if written:
            yield "images:"
            yield from self._groups(written)
        elif not patterns:
            yield "images: {}"
        yield from self._asides()

    def _defaults(self) -> Iterator[str]:
        if self.shared_args or self.shared_platforms:
            yield "defaults:"
            if self.shared_platforms:
                yield f"  platforms: {flow_list(self.shared_platforms)}"
            if self.shared_args:
                yield from mapping("args", self.shared_args, "  ")

    def _patterns(self) -> tuple[str, ...]:
        """Return patterns that stand for several images each and for no other Dockerfile."""
        alike: dict[str, list[Image]] = {}
        for each in self.found.images:
            if pattern := self._pattern(each):
                alike.setdefault(pattern, []).append(each)
        known = {each.build.dockerfile: each.name for each in self.found.images}
        usable = []
        for pattern, images in sorted(alike.items()):
            if len(images) >= MIN_DISCOVERED:
                hits = self._hits(pattern)
                if hits.items() <= known.items() and all(each.build.dockerfile in hits for each in images):
                    usable.append(pattern)
        return tuple(usable)

    def _hits(self, pattern: str) -> dict[str, str]:
        """Return the Dockerfiles that the loader finds by a pattern, each with the name that its image gets there.

        Not all that a pattern matches is found: a ``!`` in front takes away, and ignore files are passed over.
        """
        findings = Findings("")
        found = discover([(pattern, Where(""))], "", lambda _: self.paths, "", (), findings)
        return {} if findings.has_problems else {each.dockerfile: each.name for each in found.values()}

    def _pattern(self, image: Image) -> str:
        """Return the pattern that would find an image about which nothing else has to be said, or ""."""
        build = image.build
        folder = parent(build.dockerfile)
        if (
            not parent(folder)
            or base(folder) != image.name
            or build.context != folder
            or any(c in build.dockerfile for c in "*?[")
        ):
            return ""
        return "" if self._extra(image) or image.guesses else f"{parent(folder)}/*/{base(build.dockerfile)}"

    def _covers(self, pattern: str, image: Image) -> bool:
        return self._pattern(image) == pattern

    def _extra(self, image: Image) -> list[str]:
        """Return the lines of what an image has besides its files."""
        build = image.build
        lines = [f"    target: {scalar(build.target)}"] if build.target else []
        if args := {name: value for name, value in build.args if self.shared_args.get(name) != value}:
            lines += mapping("args", args, "    ")
        if image.contexts:
            lines += mapping("contexts", dict(image.contexts), "    ")
        if image.aliases:
            lines.append(f"    aliases: {flow_list(image.aliases)}")
        if build.secrets:
            lines.append(f"    secrets: [{', '.join(_secret(each) for each in build.secrets)}]")
        for key, texts in (("ssh", build.ssh), ("cache_from", build.cache_from), ("cache_to", build.cache_to)):
            lines += [f"    {key}: {flow_list(texts)}"] if texts else []
        if build.labels:
            lines += mapping("labels", dict(build.labels), "    ")
        if build.platforms and build.platforms != self.shared_platforms:
            lines.append(f"    platforms: {flow_list(build.platforms)}")
        return lines

    def _groups(self, images: Sequence[Image]) -> Iterator[str]:
        """Yield the entries by the file that states them; files that state a single image share a heading."""
        counts = Counter(_heading_file(each) for each in images)
        sources = Counter(each.build.source for each in images if counts[_heading_file(each)] == 1)
        groups: dict[str, list[Image]] = {}
        for each in images:
            file = _heading_file(each)
            single = counts[file] == 1 and sources[each.build.source] > 1
            groups.setdefault(f"other {_HEADINGS[each.build.source]}" if single else file, []).append(each)
        for number, (heading, group) in enumerate(groups.items()):
            if len(groups) > 1:
                yield from ([""] if number else [])
                yield f"  {comment(heading)}"
            for image in group:
                yield from self.image(image)

    def image(self, image: Image) -> Iterator[str]:
        """Yield the entry of an image."""
        for guess in image.guesses:
            yield f"  {comment(guess)}"
        yield f"  {scalar(image.name)}:"
        yield from (f"    {key}: {scalar(value)}" for key, value in _files(image).items())
        yield from self._extra(image)

    def _asides(self) -> Iterator[str]:
        asides = self.found.asides
        if asides:
            yield ""
            yield comment("Dockerfiles that look like no images of their own. Put those that are below 'images':")
        for each in asides[:MAX_ASIDES]:
            files = flow_mapping(_files(each) or {"dockerfile": each.build.dockerfile})
            yield comment(f"  {scalar(each.name)}: {files}  # {each.build.aside}")
        if len(asides) > MAX_ASIDES:
            yield comment(f"  {and_more(len(asides) - MAX_ASIDES)}")


def _files(image: Image) -> dict[str, str]:
    """Return dockerfile and context, without what the defaults say anyway."""
    dockerfile, context = image.build.dockerfile, image.build.context
    if dockerfile == (f"{context}/Dockerfile" if context else "Dockerfile"):
        return {} if context == image.name else {"context": context or "."}
    if context == parent(dockerfile):
        return {"dockerfile": dockerfile}
    return {"dockerfile": dockerfile, "context": context or "."}


def _secret(secret: Secret) -> str:
    source: Mapping[str, str] = {"env": secret.env} if secret.env else {"file": secret.file}
    return flow_mapping({"id": secret.id, **source})


def _heading_file(image: Image) -> str:
    """Return what an image is grouped by: the file that states it; plain Dockerfiles are one group."""
    if image.build.source != "dockerfile":
        return image.build.where.file
    return _HEADINGS["dockerfile"]


def _sources(found: Discovery) -> str:
    kinds = dict.fromkeys(each.build.source for each in found.images)
    named = []
    for kind in kinds:
        files = sorted({each.build.where.file for each in found.images if each.build.source == kind})
        named.append(files[0] if len(files) == 1 else f"{len(files)} {_HEADINGS[kind]}")
    return ", ".join(named) or "what was found"
