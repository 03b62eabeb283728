"""The explorers need ipywidgets, which comes with the "lab" extra."""

import importlib.util

if importlib.util.find_spec("ipywidgets") is None:
    collect_ignore_glob = ["test_*.py"]
