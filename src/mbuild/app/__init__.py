"""The use cases: they open the doors (git, engine, disk) and join the pure parts. Commands call these."""
