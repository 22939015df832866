"""Patches laid over red-line-like zones: areas and pieces, beside the databases and libraries that can do it too."""
