"""Minimal = full: an image built from mbuild's context is the image built from everything, judged by a real engine."""
