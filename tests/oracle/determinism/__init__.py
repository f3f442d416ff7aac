"""Determinism: the same inputs have one fingerprint and one tar, however they are looked at; other inputs never do."""
