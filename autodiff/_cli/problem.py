"""The one exception of the command: a sentence for the user."""


class Problem(Exception):
    """Something the user can mend: printed as one line, without a traceback; the exit code is 2."""
