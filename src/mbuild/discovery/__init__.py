"""compose, bake, skaffold files and Dockerfiles → the images they state, and the build.yaml that says the same.

Everything reads a ``Tree``, so that base, head and the work tree are seen alike. Pure but for one injected door: HCL is
evaluated by ``docker buildx bake --print``.
"""
