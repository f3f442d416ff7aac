"""What a killed run leaves behind, and what the next one makes of it."""
