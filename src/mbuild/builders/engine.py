"""The door to a Docker Engine: is it there, what does it hold. No builds.

docker-py is imported where an engine is asked for more than what it is and holds, which takes longer than both answers.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mbuild.builders import bases
from mbuild.builders.ask import ask
from mbuild.builders.dockerpy import CALL_SECONDS, client_of, explained
from mbuild.builders.endpoint import PING_SECONDS, endpoint, first_line, no_answer
from mbuild.builders.protocol import BuildRequest, Stored
from mbuild.errors import BuildFailedError, EnvironmentFault
from mbuild.names import CONTENT_TAG_PREFIX
from mbuild.passed import FINGERPRINT
from mbuild.process.begun import Begun
from mbuild.references import parse_reference
from mbuild.values import dataclass, field

LISTINGS, LISTING_SECONDS = 20, 0.1
"""How often a listing is asked for that failed since an image went away meanwhile, and the pause before the next."""

MOMENT_SECONDS = 3.0
"""How old a listing may be by which names are left as they are: others name and remove images of the engine, too."""

_NO_NAME = "<none>:<none>"
_HUB = "docker.io/"


@dataclass(slots=True)
class Engine:
    """One engine that answered. docker-py's session is not made for threads, so calls take turns.

    connected: connects with docker-py, when that is first needed.
    socket: the path at which it is asked for its images without docker-py; "": with it.
    tls: a ``docker.tls.TLSConfig`` where it is to be asked under TLS, else None.
    _listed: name → image, as the engine said when it was last asked for all of them, at _listed_at (monotonic).
    brought: names that were pulled by this run: they are believed by their registry.
    _cleared: the owners of which no test is left that did not begin here.
    _ahead: a listing that was asked for before anybody needed it.
    """

    host: str
    info: Mapping[str, Any]
    connected: Callable[[], Any]
    socket: str = ""
    tls: Any = None
    brought: set[str] = field(default_factory=set)
    _client: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _renewing: threading.Lock = field(default_factory=threading.Lock)
    _listed: dict[str, Stored] = field(default_factory=dict)
    _listed_at: float = -math.inf
    _cleared: set[str] = field(default_factory=set)
    _ahead: Begun[Any] | None = None

    @property
    def client(self) -> Any:
        """A ``docker.APIClient``; its stubs know too little of it to be of use. Raises EnvironmentFault."""
        with self._making:
            if self._client is None:
                with explained(self.host):
                    self._client = self.connected()
            return self._client

    @property
    def containerd_store(self) -> bool:
        """Whether images live in containerd's store instead of a graph driver."""
        status = self.info.get("DriverStatus") or []
        return any("io.containerd.snapshotter" in str(value) for pair in status for value in pair)

    @property
    def has_buildkit(self) -> bool:
        """Whether the engine has BuildKit: Docker's for Windows has none, and Podman's interface has Buildah."""
        return self.info.get("OSType") != "windows" and "BuildahVersion" not in self.info

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def names(self) -> dict[str, str]:
        """Return every full name with tag that the engine holds → image id. One call."""
        return {name: each.image_id for name, each in self._list().items()}

    def list_ahead(self) -> None:
        """Ask for the listing in a thread: whoever needs one first gets this, or what went wrong with it."""
        self._ahead = Begun(self._asked)

    def _asked(self) -> tuple[float, Any]:
        begun = time.monotonic()
        with self._lock, explained(self.host):
            return begun, self._images()

    def _list(self) -> dict[str, Stored]:
        ahead, self._ahead = self._ahead, None
        begun, listing = ahead.result() if ahead else self._asked()
        found = ((name, each) for each in listing for name in each.get("RepoTags") or () if name != _NO_NAME)
        self._listed, self._listed_at = {_shortened(name): self._stored(each) for name, each in found}, begun
        return self._listed

    def _recent(self) -> dict[str, Stored]:
        with self._renewing:
            return self._list() if time.monotonic() - self._listed_at > MOMENT_SECONDS else self._listed

    def _images(self) -> Any:
        """Ask for the listing: with containerd's store it fails while an image in it is being removed."""
        if self.socket:
            with contextlib.suppress(OSError):  # docker-py says what is wrong
                listing = ask(self.socket, "/images/json", CALL_SECONDS)
                if isinstance(listing, list):
                    return listing
        from docker.errors import NotFound

        for _ in range(LISTINGS - 1):
            with contextlib.suppress(NotFound):
                return self.client.images()
            time.sleep(LISTING_SECONDS)
        return self.client.images()

    def _stored(self, listed: Mapping[str, Any]) -> Stored:
        digest = listed["Id"] if self.containerd_store else None
        manifests = _manifests(listed.get("RepoDigests") or ())
        fingerprint = (listed.get("Labels") or {}).get(FINGERPRINT, "")
        return Stored(listed["Id"], int(listed.get("Size") or 0), digest, manifests, fingerprint)

    def existing(self, names: Collection[str]) -> dict[str, str]:
        """Return, of these full names with tags, those that the engine holds → image id.

        A content tag that sits on something else (``docker tag`` moves it) holds nothing: see ``_is_called_so``.
        """
        held = self._list() if names else {}
        found = ((name, held.get(familiar(name))) for name in names)
        return {name: each.image_id for name, each in found if each and _is_called_so(name, each.fingerprint)}

    def stored(self, names: Collection[str], *, again: bool = True) -> dict[str, Stored]:
        """Return, of these full names with tags, what the engine holds. One call.

        again: what it holds may have changed since the last listing; else that is asked for only where it lacks a name.
        """
        known = not again and all(familiar(name) in self._listed for name in names)
        held = self._listed if known or not names else self._list()
        return {name: held[short] for name in names if (short := familiar(name)) in held}

    def bases(self, request: BuildRequest) -> dict[str, str]:
        """Return which builds of the external images of a build the engine holds just now, by ``bases.key``."""
        wanted = {bases.key(each) for each in bases.external_images(request.recipes) if not bases.pinned(each)}
        return {name: digest for name in wanted if (digest := self._own(name))}

    def used(
        self, request: BuildRequest, told: Mapping[str, str], before: Mapping[str, str], *, pulled: bool = False
    ) -> dict[str, str]:
        """Return which builds of external images a build that has ended has used, by ``bases.key``.

        told: what the builder has said. before: what ``bases`` said when it began; what the builder said nothing of was
        the engine's. Where the engine has another one now, nobody knows which of the two was used.
        pulled: the build may have brought images into the engine (the classic builder does) that it did not have.
        """
        asked = {bases.key(each): bases.pinned(each) for each in bases.external_images(request.recipes)}
        found = {each: told.get(each) or named for each, named in asked.items()}
        for name in (each for each, digest in found.items() if not digest and (pulled or each in before)):
            now = self._own(name)
            found[name] = now if before.get(name, now) == now else ""
        return {name: digest for name, digest in found.items() if digest}

    def _own(self, name: str) -> str:
        """Return which build of an image the engine holds just now: the manifest's digest where there is one."""
        found = self._described(familiar(name))
        if found is None:
            return ""
        held = self._stored(found)
        return held.manifests.get(name.rpartition(":")[0], held.digest or held.image_id)

    def _described(self, name: str) -> Mapping[str, Any] | None:
        if self.socket:
            with contextlib.suppress(OSError):  # docker-py says what is wrong
                found = ask(self.socket, f"/images/{name}/json", CALL_SECONDS, absent={})
                if isinstance(found, dict):
                    return found or None
        return self._inspected(name)

    def tag(self, existing: str, names: Iterable[str]) -> None:
        """Give an image that the engine holds more names."""
        for name in names:
            repository, _, tag = name.rpartition(":")
            with self._lock, explained(self.host):
                self.client.tag(existing, repository, tag, force=True)

    def tag_again(self, existing: str, names: Sequence[str]) -> None:
        """Give an image more names that may have them. Those that it had a moment ago cost no call.

        Raises BuildFailedError where it is gone: a run comes to what it reuses last, and others use the engine, too.
        """
        for listing in (self._recent, self._list):  # it may have been brought just now
            listed = listing()
            held = listed.get(familiar(existing))
            if held is not None and (existing in self.brought or _is_called_so(existing, held.fingerprint)):
                there = ((name, listed.get(familiar(name))) for name in names)
                self.tag(existing, [name for name, each in there if each is None or each.image_id != held.image_id])
                return
        raise BuildFailedError(f"the engine does not hold {existing} any more", "run again: it will be built")

    def untag(self, name: str) -> None:
        """Take a name away, if it is there; the image goes with its last one."""
        from docker.errors import NotFound

        with self._lock, explained(self.host), contextlib.suppress(NotFound):
            self.client.remove_image(name, force=True, noprune=True)

    def import_tar(self, chunks: Iterator[bytes], name: str) -> None:
        """Make an image of a root file system given as a tar (``POST /images/create?fromSrc=-``)."""
        with explained(self.host):
            response = self.client._post(
                self.client._url("/images/create"),
                params={"fromSrc": "-", "repo": name},  # with its tag: Podman knows no other
                data=chunks,
                headers={"Content-Type": "application/x-tar"},
            )
            self.client._raise_for_status(response)

    def discard(self, image: str) -> None:
        """Remove an image that has no name, with the steps of the classic builder that nothing else starts from."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        # One of these that fails leaves an image without a name, as builds of the docker command do.
        with contextlib.suppress(DockerException, RequestException, EnvironmentFault), self._lock:
            if not self.client.inspect_image(image).get("RepoTags"):
                self.client.remove_image(image)

    def clear(self, owner: str) -> None:
        """Remove what is left of the tests of runs that were killed, when an owner is first asked for."""
        from mbuild.builders.container import sweep

        with self._lock, explained(self.host):
            if owner and owner not in self._cleared:
                sweep(self.client, owner)
                self._cleared.add(owner)

    def image_id(self, name: str) -> str:
        """Return the id of an image that the engine holds."""
        return str(self.inspect(name)["Id"])

    def inspect(self, name: str) -> Mapping[str, Any]:
        """Return what the engine says of an image that it holds."""
        with self._lock, explained(self.host):
            found: Mapping[str, Any] = self.client.inspect_image(name)
        return found

    def triggers(self, name: str) -> tuple[str, ...]:
        """Return the ONBUILD triggers of an image; () where there are none, or the engine does not hold it."""
        found = self._inspected(name) or {}
        return tuple((found.get("Config") or {}).get("OnBuild") or ())

    def _inspected(self, name: str) -> Mapping[str, Any] | None:
        from docker.errors import ImageNotFound

        with self._lock, explained(self.host), contextlib.suppress(ImageNotFound):
            found: Mapping[str, Any] = self.client.inspect_image(name)
            return found
        return None

    def save(self, name: str, write: Callable[[bytes], object]) -> None:
        """Hand on an image as the tar that ``docker save`` makes of it. An image without layers cannot be saved."""
        with self._lock, explained(self.host):
            for chunk in self.client.get_image(name, chunk_size=1 << 20):
                write(chunk)


def _is_called_so(name: str, fingerprint: str) -> bool:
    """Tell whether an image with this label can be called so: a content tag has the beginning of its fingerprint.

    All that mbuild builds has the label, so an image without it was given the name by somebody else.
    """
    tag = name.rpartition(":")[2]
    digits = tag.removeprefix(CONTENT_TAG_PREFIX)
    return digits == tag or fingerprint.startswith(digits)


def _manifests(repo_digests: Sequence[str]) -> dict[str, str]:
    """Return the digests of ``REPOSITORY@DIGEST`` by the repository's full name."""
    pairs = (each.partition("@") for each in repo_digests if not each.startswith("<"))
    return {parse_reference(name).repository: digest for name, _, digest in pairs}


def familiar(name: str) -> str:
    """Return a full name as an engine lists it: ``docker.io/library`` left out."""
    reference = parse_reference(name)
    hub = reference.domain == "docker.io"
    path = reference.path.removeprefix("library/") if hub else f"{reference.domain}/{reference.path}"
    return f"{path}:{reference.tag or 'latest'}"


def _shortened(name: str) -> str:
    """Return a name as Docker lists it: Podman lists whole ones."""
    return name.removeprefix(_HUB).removeprefix("library/") if name.startswith(_HUB) else name


def connect() -> Engine:
    """Return the engine that the ``docker`` command would use. Raises EnvironmentFault when none answers."""
    found = endpoint()
    if found.socket:
        try:
            info = ask(found.socket, "/info", PING_SECONDS)
        except OSError as error:
            raise no_answer(found.host, error.strerror or str(error)) from error
        if isinstance(info, dict):
            return Engine(found.host, info, lambda: client_of(found)[0], found.socket)
    from docker.errors import DockerException

    try:
        client, info = client_of(found)
    except (DockerException, OSError, ValueError) as error:
        raise no_answer(found.host, first_line(error)) from error
    return Engine(found.host, info, lambda: client, tls=found.options.get("tls"))
