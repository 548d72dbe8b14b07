"""The demonstration: who is in it, and how Superset's own examples get into a workspace.

A member whose role is Gamma sees no dataset until somebody grants it. So that every role has
something to look at, loading examples also grants Gamma access to their datasets, there alone.
(`superset init` takes such grants from Gamma again: load the examples once more after it.)
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import SecretStr

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import (
    examples_file,
    examples_url,
    metadata_url,
    superset_secret_key,
)
from overset.tenancy.provisioning import files
from overset.tenancy.provisioning.failures import told
from overset.tenancy.provisioning.job import run_job

_MARK = "examples.loaded"
_AT_ONCE = 2  # each takes a processor of its own


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can sign in to the demonstration."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoWorkspace:
    """A workspace of the demonstration: its examples, and each member's role by email."""

    slug: str
    name: str
    examples: tuple[str, ...]
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Demo:
    """A team with people and workspaces."""

    team: str
    people: tuple[DemoPerson, ...]
    workspaces: tuple[DemoWorkspace, ...]


DEMO = Demo(
    team="Demo",
    people=(
        DemoPerson("ada@example.com", "Ada Lovelace"),
        DemoPerson("grace@example.com", "Grace Hopper"),
        DemoPerson("linus@example.com", "Linus Pauling"),
    ),
    workspaces=(
        DemoWorkspace(
            slug="acme",
            name="Acme",
            examples=("sales_dashboard", "world_health"),
            members={
                "ada@example.com": "Admin",
                "grace@example.com": "Alpha",
                "linus@example.com": "Gamma",
            },
        ),
        DemoWorkspace(
            slug="globex",
            name="Globex",
            examples=("video_game_sales", "usa_births_names"),
            members={"linus@example.com": "Admin"},
        ),
    ),
)
"""What `overset up` serves on a fresh machine."""


def load_examples(
    workspace_id: WorkspaceId, names: Sequence[str], *, settings: Settings, keys: Keys
) -> None:
    """Put Superset's examples `names` into a workspace: data, datasets, charts, dashboards.

    Superset's own importer runs in a process of its own. Nobody owns what it makes, no user is
    made, and doing it again changes nothing.

    Raises:
        ProvisioningError: it failed; do it again once the reason is gone.
    """
    path = examples_file(settings, workspace_id)
    with told(path):
        files.private_folder(path.parent)
        files.remove_leftovers(path)
    job = {
        "data_file": str(path),
        "examples": list(names),
        "examples_url": examples_url(settings, workspace_id),
        "secret_key": SecretStr(superset_secret_key(keys, workspace_id)),
        "url": SecretStr(metadata_url(settings, keys, workspace_id)),
    }
    run_job("demo_process", job, home=settings.home, log_name=f"examples-{workspace_id}.log")
    with told(path), files.whole(path.with_name(_MARK)) as mark:
        mark.write_text("\n".join(names) + "\n")


def load_all(
    examples: Mapping[WorkspaceId, Sequence[str]], *, settings: Settings, keys: Keys
) -> None:
    """Do `load_examples` for several workspaces, two at a time; those already loaded are left.

    Raises:
        ProvisioningError: one of them failed; the others are done.
    """
    missing = {one: names for one, names in examples.items() if not is_loaded(settings, one)}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        loads = [
            pool.submit(load_examples, workspace_id, names, settings=settings, keys=keys)
            for workspace_id, names in missing.items()
        ]
    for load in loads:
        load.result()


def is_loaded(settings: Settings, workspace_id: WorkspaceId) -> bool:
    """Say whether a workspace has its examples, completely: a second start has nothing to do."""
    return examples_file(settings, workspace_id).with_name(_MARK).exists()
