"""Shared by all tests: the marker `slow`, and a hypothesis profile that gives the same examples every time."""

from __future__ import annotations

import hypothesis
import pytest

hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.register_profile("long", deadline=None, max_examples=3000)
hypothesis.settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds; leave out with -m 'not slow'")
