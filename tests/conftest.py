"""What every test shares: both event loops, the quick tier, compiled modules, signals that nothing ignores, and nothing
of the machine's own configuration."""

from __future__ import annotations

import os
import signal
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from support.wine import NO_AFD, is_wine

HERE = Path(__file__).parent
LONGEST_ID = 200

QUICK = (
    "core/batch/test_listing.py",
    "core/batch/test_changed_scripts.py",
    "core/batch/test_plan.py",
    "core/batch/test_table_records.py",
    "core/coze/test_clean.py",
    "core/coze/test_debug_link.py",
    "core/coze/test_output.py",
    "core/engine/test_adoption.py",
    "core/engine/test_rate_limiter.py",
    "core/feishu/test_cells.py",
    "core/feishu/test_claims.py",
    "core/feishu/test_links.py",
    "core/importing",
    "core/journal/test_owner.py",
    "core/model",
    "core/planning",
    "core/policy",
    "core/settings",
    "core/setup/test_existing.py",
    "core/setup/test_matching.py",
    "core/synthesis/compose",
    "core/synthesis/subtitles",
    "test_docs.py",
)
"""Folders and files of the quick tier: pure parts, without servers, child processes or disks that are waited for."""

# How fast an example is made says something about the machine, not about the code.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("suite")

# The suite starts more than a thousand Python processes, and each compiles about 500 modules where nothing keeps them
# compiled: a second of it each time. Whoever wants none beside the sources gets them in the environment's own folder.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "compiled")


def pytest_configure() -> None:
    """A folder that was renamed must not leave the quick tier silently."""
    if missing := [name for name in QUICK if not (HERE / name).exists()]:
        raise pytest.UsageError(f"tests/conftest.py: QUICK names what does not exist: {missing}")


@cache
def is_quick(path: Path) -> bool:
    """True for a file of the quick tier, and for a folder that holds one."""
    wanted = [HERE / name for name in QUICK]
    return any(path.is_relative_to(place) or (path.is_dir() and place.is_relative_to(path)) for place in wanted)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m quick` the other tests are not even imported."""
    return True if config.option.markexpr == "quick" and not is_quick(collection_path) else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long text is no name: on Windows it would not fit into the variable that tells which test runs."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{argname}-{zlib.crc32(val.encode('utf-8', 'surrogatepass') if isinstance(val, str) else val):08x}"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_quick(item.path):
            item.add_marker("quick")


@pytest.fixture(autouse=True, scope="session")
def no_signal_is_ignored() -> Iterator[None]:
    """Processes that tests start get every signal as from a terminal, also under `nohup` and in a shell's background.

    A signal that a process ignores is ignored by its children, too; one that it handles is not. So the process of the
    tests goes on as if it ignored them.
    """
    names = ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Core runs on both; a test that needs one of them overrides this fixture."""
    if request.param == "trio" and is_wine():
        pytest.skip(NO_AFD)
    return str(request.param)


@pytest.fixture(autouse=True)
def no_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own token must neither be used nor make a test pass."""
    for name in ("COZE_API_TOKEN", "FEISHU_APP_SECRET", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
