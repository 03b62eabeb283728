"""Hints for the exercises, one module a notebook: from gentle to nearly the answer."""
