"""Where bitbake keeps its version."""

__version__ = "2.8.0"
