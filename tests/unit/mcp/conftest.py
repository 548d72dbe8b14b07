"""Coroutines of these tests run on asyncio, as the processes do."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
