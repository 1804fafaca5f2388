"""The running front door of the matrix, which the fuzzing of its routes asks too."""

from tests.authorisation.conftest import door

__all__ = ["door"]
