"""What every Python suite gets: the center's setting, and the golden table's switch."""

import pytest

from harness.setting import Setting


def pytest_addoption(parser):
    """Adds `--update`, which only the golden table reads."""
    parser.addoption("--update", action="store_true", help="write the golden table anew")


@pytest.fixture(scope="session")
def setting() -> Setting:
    """The running center."""
    return Setting.load()
