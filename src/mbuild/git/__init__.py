"""The only code that runs git: repositories, refs, trees, what changed, and compared with what."""
