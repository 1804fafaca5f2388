"""Prints docs/problems.md: `python -m tests.house.problems > docs/problems.md`. The house tests compare.

It imports every module first, so that the page does not depend on what else has been imported.
"""

import importlib
import pkgutil
import sys

import services
import shared
from shared.http.rendering import problems_page


def import_everything() -> None:
    for package in (services, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


if __name__ == "__main__":
    import_everything()
    sys.stdout.write(problems_page())
