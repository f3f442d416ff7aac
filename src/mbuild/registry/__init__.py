"""Registries (OCI distribution-spec v1.1): what exists there, pushing, giving tags. The only code that talks to one."""
