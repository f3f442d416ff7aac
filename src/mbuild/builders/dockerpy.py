"""docker-py's client for an engine, and its errors as ours. Imported late: that takes longer than most answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mbuild.builders.endpoint import PING_SECONDS, Endpoint, first_line
from mbuild.errors import EnvironmentFault

CALL_SECONDS = 600


def client_of(found: Endpoint) -> tuple[Any, Mapping[str, Any]]:
    """Return a ``docker.APIClient`` that has been answered, and what the engine says of itself."""
    from docker import APIClient

    class Client(APIClient):
        """Believes the engine by the docker client's settings, where requests would rather have REQUESTS_CA_BUNDLE."""

        def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            trusted = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, trusted, cert)

    if (tls := found.options.get("tls")) and not tls.verify:
        from urllib3 import disable_warnings
        from urllib3.exceptions import InsecureRequestWarning

        disable_warnings(InsecureRequestWarning)  # the user has asked for it
    client = Client(base_url=found.host, version="auto", timeout=PING_SECONDS, **found.options)
    info = client.info()
    client.timeout = CALL_SECONDS
    return client, info


class explained:  # noqa: N801 - reads as a word in a with statement
    """Turns docker-py's errors into EnvironmentFault."""

    def __init__(self, host: str) -> None:
        self._host = host

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        if isinstance(error, DockerException | RequestException):
            raise EnvironmentFault(f"the Docker Engine at {self._host} failed: {first_line(error)}") from error
