"""Exit statuses of the commands."""

DONE, SOME_REFUSED, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
