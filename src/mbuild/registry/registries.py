"""All registries that image names lead to: which of many exist, what a push left, promotion by manifest."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from mbuild.process.atonce import at_once
from mbuild.references import parse_reference
from mbuild.registry import credentials
from mbuild.registry.annotations import annotated, annotations_of
from mbuild.registry.attempts import Failure
from mbuild.registry.contents import blobs, children, configuration, same_content, size
from mbuild.registry.manifest import Manifest, RegistryError
from mbuild.values import dataclass, field

if TYPE_CHECKING:
    from mbuild.registry.connection import Connection

T = TypeVar("T")

AT_ONCE = 16
"""Requests in flight; each has its own connection."""


def connection(host: str, insecure: bool) -> Connection:
    """Return the connection to a registry, with the credentials that the ``docker`` command has for it."""
    from mbuild.registry.connection import Connection

    return Connection(host, insecure, lambda: credentials.find(host))


@dataclass(slots=True)
class Registries:
    """Opens the registry of a name when it is first asked for.

    insecure: further hosts that may be asked without TLS; those on this machine may always be (``docker`` does so too).
    """

    insecure: Collection[str] = ()
    connect: Callable[[str, bool], Connection] = field(default=connection)
    _known: dict[str, Connection] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def existing(self, names: Collection[str]) -> Mapping[str, str]:
        """Return, of full names with tags, those that exist → digest, by the registries' word.

        Raises RegistryError when one cannot be asked.
        """
        digests = self._each(list(names), lambda name: self._of(name).digest(*_place(name)))
        return {name: digest for name, digest in zip(names, digests, strict=True) if digest}

    def sizes(self, names: Collection[str]) -> Mapping[str, int]:
        """Return, of full names with tags, the bytes that a pull brings: configuration and layers, of all platforms.

        Raises RegistryError when a registry cannot be asked.
        """
        sizes = self._each(list(names), lambda name: self._size(name, *_place(name)))
        return {name: size for name, size in zip(names, sizes, strict=True) if size is not None}

    def _size(self, name: str, repository: str, reference: str) -> int | None:
        manifest = self._of(name).manifest(repository, reference)
        if manifest is None:
            return None
        parts = [self._size(name, repository, child) or 0 for child in children(manifest)]
        return size(manifest) + sum(parts)

    def annotations(self, names: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return, of full names with tags, the annotations of those that exist. Raises RegistryError."""
        found = self._each(list(names), lambda name: self._of(name).manifest(*_place(name)))
        return {name: annotations_of(each) for name, each in zip(names, found, strict=True) if each is not None}

    def put(self, name: str, manifest: Manifest) -> Manifest:
        """Give a manifest, whose blobs are there, a content tag; returns what the tag has afterwards (``verified``)."""
        connection, repository, tag = self.at(name)
        connection.send(repository, tag, manifest)
        return self.verified(name, manifest.digest)

    def annotate(self, name: str, digest: str, annotations: Mapping[str, str]) -> str:
        """Have a name's manifest, which was just pushed, say more; returns the digest it has then, read back.

        One that says as much already, as another run's may, stays as it is. Its media type becomes that of OCI.
        Raises RegistryError.
        """
        found = self.verified(name, digest)
        if annotations.keys() <= annotations_of(found).keys():
            return found.digest
        try:
            return self.put(name, annotated(found, annotations)).digest
        except RegistryError as error:
            hint = "--no-annotations publishes manifests as they are"
            raise RegistryError(f"{name}: annotating it failed", error.failure, hint) from error

    def verified(self, name: str, *ids: str) -> Manifest:
        """Return the manifest that a content tag has, read back. Raises RegistryError unless it is one of the ``ids``.

        ids: digests of manifests or of configurations (an engine calls an image by either). Another build of the same
        content will do as well: two runs may publish one at once, and the last one stays.
        """
        connection, repository, tag = self.at(name)
        found = connection.manifest(repository, tag)
        if found is None:
            raise RegistryError(f"{name}: pushed", Failure("the registry has nothing there", 200))
        if {found.digest, configuration(found)} & set(ids):
            return found
        if not any(same_content(connection, repository, each, found) for each in ids):
            raise RegistryError(f"{name}: pushed {' or '.join(ids)}", Failure(f"the registry has {found.digest}", 200))
        return found

    def promote(self, existing: str, names: Sequence[str]) -> str:
        """Give the manifest of an existing name more names in the same registry; returns its digest.

        See ``give``. Raises RegistryError.
        """
        manifest = self._of(existing).manifest(*_place(existing))
        if manifest is None:
            raise RegistryError(f"{existing}: promoting it failed", Failure("the registry has nothing there", 404))
        for name in names:
            self.give(existing, manifest, name)
        return manifest.digest

    def give(self, existing: str, manifest: Manifest, name: str) -> None:
        """Give a manifest another name in its registry, whatever the existing name has by now, and read it back.

        Nothing is pulled or uploaded: tags are manifests put again, and other repositories mount the blobs first.
        Raises RegistryError.
        """
        source, to = parse_reference(existing), parse_reference(name)
        if to.domain != source.domain:
            raise RegistryError(f"{to}: promoting to it failed", Failure(f"it is not in {source.domain}", 400))
        connection = self._of(str(to))
        if to.path != source.path:
            self._mount(connection, source.path, manifest, to.path)
        connection.put(to.path, to.tag or "latest", manifest)

    def _mount(self, connection: Connection, source: str, manifest: Manifest, to: str) -> None:
        """Have everything that a manifest needs in another repository: of an index its manifests, by digest, too."""
        for child in children(manifest):
            inner = connection.manifest(source, child)
            if inner is None:
                raise RegistryError(f"{source}@{child}: promoting it failed", Failure("it is not there", 404))
            self._mount(connection, source, inner, to)
            connection.put(to, child, inner)
        for digest in blobs(manifest):
            if not connection.mount(to, source, digest):
                failure = Failure(f"the registry does not mount {digest} from {source}", 400)
                raise RegistryError(f"{connection.host}/{to}: promoting to it failed", failure)

    def at(self, name: str) -> tuple[Connection, str, str]:
        """Return the connection to the registry of a name, its repository there and its tag."""
        return self._of(name), *_place(name)

    def close(self) -> None:
        """Close all connections."""
        for each in self._known.values():
            each.close()

    def _of(self, name: str) -> Connection:
        host = parse_reference(name).domain
        with self._lock:
            if host not in self._known:
                self._known[host] = self.connect(host, host in self.insecure or is_local(host))
            return self._known[host]

    def _each(self, names: Sequence[str], ask: Callable[[str], T]) -> list[T]:
        return at_once(ask, names, AT_ONCE)


def is_local(host: str) -> bool:
    """Tell whether a registry is on this machine, by its name alone."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _place(name: str) -> tuple[str, str]:
    reference = parse_reference(name)
    return reference.path, reference.tag or "latest"
