"""build.yaml → values: a guard over YAML's events, pydantic models, the rules between entries; its JSON Schema.

Nothing heavy is imported here: ``mbuild.config.load.load`` imports YAML and pydantic when it is called.
"""
