"""What to do and in which order: plan and state machine are pure; the executor runs them on threads."""
