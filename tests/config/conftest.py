"""Every build.yaml of these tests is read in both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from mbuild.config import models
from mbuild.config import quick as module
from mbuild.config.nodes import Plain
from mbuild.config.written import Config, written

real = module.quick


def checked(document: Plain) -> Config | None:
    """Return what ``quick`` does, once the models have said the same."""
    found = real(document)
    try:
        expected = written(models.Config.model_validate(document))
    except ValidationError:
        assert found is None, "the models say that something is wrong"
    else:
        assert found in (None, expected)
    return found


@pytest.fixture(autouse=True, scope="session")
def _both_ways() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "quick", checked)
        yield
