"""The embedded builder: assembles Dockerfiles without RUN into an OCI image layout, with no daemon and no network."""
