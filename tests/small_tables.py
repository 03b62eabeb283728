"""A table such as pandas has, for the tests of what is refused or read as an array."""

import numpy as np


class Table:
    """Columns by name. Iterated over, it gives their names, as a DataFrame does."""

    def __init__(self, columns):
        self.columns = columns

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        raise NotImplementedError

    def __array__(self, dtype=None, copy=None):
        return np.array(list(self.columns.values()), dtype).T

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return len(next(iter(self.columns.values())))
