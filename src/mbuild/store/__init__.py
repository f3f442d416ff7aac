"""What mbuild remembers between runs. Nothing in here decides anything: what is lost is worked out again."""
