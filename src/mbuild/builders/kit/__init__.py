"""A client of BuildKit inside a Docker Engine: what ``docker buildx build`` does, without a process for each image."""
