"""The report (filled in below)."""


def write(path, came): ...
