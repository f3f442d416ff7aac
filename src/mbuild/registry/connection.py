"""One registry: requests over kept-alive connections, tried again where the failure can pass.

The protocol and its authentication are those of the library ``dxf``; this adds attempts, time-outs, errors that say
what was asked, and manifests as bytes: a digest is always that of the bytes that came, never what a header claims.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import dxf
import requests
from dxf import exceptions as dxf_exceptions

from mbuild.errors import printable
from mbuild.registry.attempts import Failure, pause
from mbuild.registry.credentials import Credentials
from mbuild.registry.manifest import Manifest, RegistryError, is_manifest
from mbuild.registry.tokens import access_token
from mbuild.values import dataclass, field

T = TypeVar("T")

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
"""Time-outs; silence within an upload counts too."""

_NOT_FOUND = 404
_NOT_TLS = 400
"""What servers of Go answer to a request without TLS where they speak it."""
_NO_MANIFEST = Failure("what the registry sends is no manifest; is there a proxy that answers for it?", 200)
_HOSTS = {"docker.io": "registry-1.docker.io"}


class _OddQuestion(dxf_exceptions.DXFUnauthorizedError):
    """A 401, or the answer of a token endpoint, that does not say what it should (RFC 9110 section 11.6.1)."""


class _Repository(dxf.DXF):
    def put(self, reference: str, manifest: Manifest) -> None:
        """Store a manifest whose bytes need not name their media type."""
        headers = {"Content-Type": manifest.media_type}
        self._request("put", f"manifests/{reference}", data=manifest.data, headers=headers)  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class Connection:
    """One registry, for several threads at once.

    host: as in references. insecure: it may be asked without TLS. credentials: looked up when they are first needed.
    sleep: how to wait, a seam for tests.
    """

    host: str
    insecure: bool
    credentials: Callable[[], Credentials | None]
    sleep: Callable[[float], None] = time.sleep
    _own: threading.local = field(default_factory=threading.local)
    _scheme: list[bool] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[dxf.DXFBase] = field(default_factory=list)

    def digest(self, repository: str, reference: str) -> str | None:
        """Return the digest that a tag has by the registry's word, None where there is no such tag."""
        ask = f"{self.host}/{repository}:{reference}: asking for it failed"
        return self._found(ask, lambda: self._at(repository).head_manifest_and_response(reference)[0])

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Return the manifest of a tag or digest, None where there is none. Raises RegistryError.

        That is also raised for what is no manifest: whoever reads one needs not look.
        """
        ask = f"{self.host}/{repository}:{reference}: reading it failed"

        def get() -> Manifest:
            try:
                answer = self._at(repository).get_manifest_and_response(reference)[1]
            except UnicodeDecodeError:
                raise RegistryError(ask, _NO_MANIFEST) from None
            return Manifest.of(answer.content, answer.headers.get("Content-Type", "").partition(";")[0])

        found = self._found(ask, get)
        if found is not None and not is_manifest(found.data):
            raise RegistryError(ask, _NO_MANIFEST)
        return found

    def put(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Give a manifest a tag, and read it back. Raises RegistryError when something else is there afterwards."""
        self.send(repository, tag, manifest)
        found = self.manifest(repository, tag)
        if found is None or found.digest != manifest.digest:
            what = "nothing" if found is None else found.digest
            name = f"{self.host}/{repository}:{tag}: pushed {manifest.digest}"
            raise RegistryError(name, Failure(f"the registry has {what} there", 200))

    def send(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Give a manifest a tag; whether the tag has it then is for the caller to find out."""
        ask = f"{self.host}/{repository}:{tag}: pushing it failed"
        self._tried(ask, lambda: self._at(repository).put(tag, manifest))

    def mount(self, repository: str, source: str, digest: str) -> bool:
        """Have a blob of another repository in this one too, without sending it; False where that is not done."""
        try:
            self._tried(f"{self.host}/{repository}: {digest}", lambda: self._at(repository).mount_blob(source, digest))
        except dxf_exceptions.DXFMountFailed:
            return False
        return True

    def upload(self, repository: str, digest: str, file: Path) -> None:
        """Upload a blob unless it is there. Raises RegistryError for a file with another digest."""
        name = f"{self.host}/{repository}: uploading {digest} failed"
        found = self._tried(name, lambda: self._at(repository).push_blob(str(file)))
        if found != digest:
            raise RegistryError(name, Failure(f"{file} has the digest {found}", 200))

    def download(self, repository: str, digest: str, write: Callable[[bytes], object]) -> None:
        """Hand on a blob piece by piece; only when this returns was it the right one. Not tried again once begun."""
        chunks: Any = self._tried(f"{self.host}/{repository}: {digest}", lambda: self._at(repository).pull_blob(digest))
        try:
            for chunk in chunks:
                write(chunk)
        except (requests.RequestException, dxf_exceptions.DXFError) as error:
            raise RegistryError(f"{self.host}/{repository}: reading {digest} failed", _failure(error)) from error

    def close(self) -> None:
        """Close all connections."""
        for each in self._open:
            each.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        self._open.clear()

    def _found(self, ask: str, call: Callable[[], T]) -> T | None:
        try:
            return self._tried(ask, call)
        except RegistryError as error:
            if error.failure.status == _NOT_FOUND:
                return None
            raise

    def _tried(self, ask: str, call: Callable[[], T]) -> T:
        """Make one request, again and again while its failure can pass. Raises RegistryError with what was asked."""
        attempt = 1
        while True:
            try:
                return call()
            except dxf_exceptions.DXFMountFailed:
                raise
            except (requests.RequestException, dxf_exceptions.DXFError, OSError, KeyError) as error:
                failure = _failure(error)
                seconds = pause(failure, attempt, datetime.now(UTC))
                if seconds is None:
                    raise RegistryError(ask, failure, *self._hints(failure)) from error
            self.sleep(seconds)
            attempt += 1

    def _hints(self, failure: Failure) -> tuple[str, ...]:
        return (f"log in with docker login {self.host}",) if failure.is_refusal else ()

    def _at(self, repository: str) -> _Repository:
        return _Repository.from_base(self._session(), repository)

    def _session(self) -> dxf.DXFBase:
        """Return the connections of this thread."""
        if not hasattr(self._own, "session"):
            base = self._base(insecure=self._is_plain())
            base.__enter__()
            self._own.session = base
            with self._lock:
                self._open.append(base)
        session: dxf.DXFBase = self._own.session
        return session

    def _is_plain(self) -> bool:
        """Find out, once, whether a registry that may be asked without TLS has none."""
        with self._lock:
            if not self._scheme:
                self._scheme.append(self.insecure and self._answers_plainly())
            return self._scheme[0]

    def _answers_plainly(self) -> bool:
        try:
            answer = requests.get(f"http://{self.host}/v2/", timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        except requests.RequestException:
            return False
        return answer.status_code != _NOT_TLS

    def _base(self, *, insecure: bool) -> dxf.DXFBase:
        timeout: Any = (CONNECT_SECONDS, ANSWER_SECONDS)
        return dxf.DXFBase(_HOSTS.get(self.host, self.host), self._authenticate, insecure=insecure, timeout=timeout)

    def _authenticate(self, asked: dxf.DXFBase, response: requests.Response) -> None:
        """Answer a 401. Where dxf can make nothing of it, or of a token endpoint's answer, that raises anything."""
        try:
            self._give_credentials(asked, response)
        except requests.JSONDecodeError as error:
            raise _OddQuestion from error
        except requests.RequestException:
            raise  # some of them are ValueErrors too
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise _OddQuestion from error

    def _give_credentials(self, asked: dxf.DXFBase, response: requests.Response) -> None:
        known = self.credentials()
        if known and known.identity:
            asked.token = access_token(response, known.identity, insecure=self._is_plain())
            return
        name, password = (known.user, known.password) if known else (None, None)
        asked.authenticate(name, password, response=response)


def _failure(error: Exception) -> Failure:
    response = getattr(error, "response", None)
    if response is not None:
        return Failure(_said(response), response.status_code, response.headers.get("Retry-After", ""))
    if isinstance(error, dxf_exceptions.DXFUnauthorizedError | dxf_exceptions.DXFAuthInsecureError):
        return Failure(_refused(error), 401)
    if isinstance(error, dxf_exceptions.DXFError):
        return Failure(printable(str(error)) or type(error).__name__, 200)
    if isinstance(error, KeyError):
        # dxf looks headers up that such an answer has to have (distribution-spec, "Pushing blobs").
        lacking = printable(str(error.args[0]))
        return Failure(f"the registry's answer has no header '{lacking}'; is there a proxy that answers for it?", 200)
    return _unanswered(error)


def _refused(error: Exception) -> str:
    if isinstance(error, _OddQuestion):
        return "the registry asks for credentials in a way that cannot be understood"
    if isinstance(error, dxf_exceptions.DXFUnauthorizedError):
        return "the registry refuses the credentials, or wants some"
    return "the registry wants credentials over a connection without TLS"


def _unanswered(error: Exception) -> Failure:
    if isinstance(error, requests.exceptions.InvalidURL):
        # Such an error quotes what could not be parsed, and that may be one half of a proxy's password.
        return Failure("there is no such URL; is that of the proxy in the environment right (HTTPS_PROXY)?", 200)
    if isinstance(error, requests.exceptions.Timeout):
        return Failure("no answer in time")
    return Failure(printable(_innermost(error)))


def _said(response: requests.Response) -> str:
    """Return the status, and what the registry says about it (distribution-spec, Error Codes)."""
    try:
        errors = response.json()["errors"]
        said = "; ".join(str(each.get("message") or each.get("code")) for each in errors[:3])
    except (ValueError, KeyError, TypeError, AttributeError):
        said = ""
    return printable(f"{response.status_code} {response.reason or ''}".strip() + (f": {said}" if said else ""))[:300]


def _innermost(error: BaseException) -> str:
    """Return what the operating system said, which libraries wrap several times."""
    reason = getattr(error, "args", ())
    inner = getattr(reason[0], "reason", None) if reason else None
    return str(inner or error)[:200]
