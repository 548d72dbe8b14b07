"""Rows 26, 36 and 44, inside a process: nothing ambient, fetched, or kept in common."""

from typing import Any

import pytest
from flask import has_app_context

from overset.kernel.errors import SettingsError, UnboundError
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.assertions import assert_safe
from overset.tenancy.binding.engines import get_bound
from support.attack import listening
from support.binding import Bound


def test_row_36_the_process_runs_in_no_ambient_context(bound: Bound) -> None:
    assert not has_app_context()
    with pytest.raises(UnboundError):
        get_bound()
    with bound.app.app_context(), pytest.raises(SettingsError, match="ambient"):
        assert_safe(bound.app)


def test_row_36_a_workspace_is_left_with_everything_it_brought(bound: Bound) -> None:
    for workspace in (bound.a, bound.b, bound.a):
        with enter(workspace):
            assert get_bound().id == workspace.id
        assert not has_app_context()
        with pytest.raises(UnboundError):
            get_bound()


def test_row_44_results_of_queries_are_kept_nowhere_in_common(bound: Bound) -> None:
    from superset.extensions import results_backend_manager

    assert bound.app.config["RESULTS_BACKEND"] is None
    with enter(bound.a):
        assert results_backend_manager.results_backend is None


def test_row_26_an_import_fetches_nothing_from_the_servers_network(bound: Bound) -> None:
    from superset.commands.dataset.exceptions import DatasetForbiddenDataURI
    from superset.commands.dataset.importers.v1.utils import validate_data_uri

    with listening() as ear, enter(bound.a):
        for url in (
            f"http://127.0.0.1:{ear.port}/secret.csv",
            f"http://localhost:{ear.port}/secret.csv",
            "http://169.254.169.254/latest/meta-data/",
            "https://example.com/data.csv",
            "file:///etc/passwd",
        ):
            with pytest.raises(DatasetForbiddenDataURI):
                validate_data_uri(url)
        assert ear.heard == 0


def test_row_26_a_bundle_with_a_data_url_brings_nothing_in(bound: Bound) -> None:
    """The command itself, as the REST API calls it for whoever may import."""
    from superset.commands.dataset.importers.v1 import ImportDatasetsCommand

    with listening() as ear:
        files = _files(f"http://127.0.0.1:{ear.port}/secret.csv")
        with enter(bound.a), pytest.raises(Exception, match=r".+"):
            ImportDatasetsCommand(files, overwrite=True).run()
        assert ear.heard == 0


def _files(url: str) -> dict[str, Any]:
    uuid = "a2dc77af-e654-49bb-b321-40f6b559a1e{}"
    return {
        "metadata.yaml": "version: 1.0.0\ntype: SqlaTable\n",
        "databases/d.yaml": (
            f"database_name: d\nsqlalchemy_uri: postgresql://192.0.2.1/x\nuuid: {uuid.format(0)}\n"
            "version: 1.0.0\nextra: {}\n"
        ),
        "datasets/d/t.yaml": (
            f"table_name: t\nuuid: {uuid.format(1)}\ndatabase_uuid: {uuid.format(0)}\n"
            f"version: 1.0.0\ndata: {url}\ncolumns: []\nmetrics: []\n"
        ),
    }
