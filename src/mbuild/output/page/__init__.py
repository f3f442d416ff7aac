"""A run, or a plan, as one HTML file that needs nothing else."""
