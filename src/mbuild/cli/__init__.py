"""The command line: one file for each command, imported when it is asked for; the error boundary around all of them."""
