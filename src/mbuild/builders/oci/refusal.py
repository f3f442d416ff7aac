"""What this builder cannot do, said before anything is done: RUN, and everything that needs a network."""

from __future__ import annotations

from mbuild.dockerfile.gitsource import is_remote
from mbuild.dockerfile.model import ExternalImage, Recipe, StageRecipe
from mbuild.errors import Problem

ENGINE_HINT = "install Docker with buildx, or use --builder buildx"


def refusals(recipe: Recipe, image: str) -> tuple[Problem, ...]:
    """Return why the oci builder cannot build this recipe, nothing when it can.

    One problem for the first RUN of an image, since an engine mends everything else too; otherwise one for every base,
    source or platform that is out of reach.
    """
    if recipe.first_run is not None:
        return (Problem(f"image {image}: RUN needs an engine", recipe.first_run, (ENGINE_HINT,)),)
    found = [problem for stage in recipe.stages for problem in _of_stage(stage, image)]
    return tuple(dict.fromkeys(found))


def _of_stage(stage: StageRecipe, image: str) -> list[Problem]:
    found: list[Problem] = []
    if isinstance(stage.base, ExternalImage):
        found.append(
            Problem(
                f"image {image}: FROM {stage.base.ref}: the oci builder starts from scratch or an image of this "
                "repository, and cannot pull",
                stage.where,
                (ENGINE_HINT,),
            )
        )
    if stage.platform.startswith("windows"):
        found.append(Problem(f"image {image}: the oci builder makes no Windows images", stage.where, (ENGINE_HINT,)))
    for operation, sources in zip(stage.operations, stage.sources, strict=True):
        for word, resolved in sources:
            if isinstance(resolved, ExternalImage):
                found.append(
                    Problem(
                        f"image {image}: COPY --from={word}: {resolved.ref} is no image of this repository, and the "
                        "oci builder cannot pull",
                        operation.where,
                        (ENGINE_HINT,),
                    )
                )
        if operation.keyword == "ADD":
            found += [
                Problem(f"image {image}: ADD {source}: the oci builder has no network", operation.where, (ENGINE_HINT,))
                for source in operation.args[:-1]
                if is_remote(source)
            ]
    return found
