"""Synthetic monorepos: the same size gives the same tree everywhere, and the answers are known beforehand."""
