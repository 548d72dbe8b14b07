"""The OpenAPI document: complete enough to make a client from."""

import re
from pathlib import Path

import pytest

from overset.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from overset.kernel.settings import Settings
from overset.manager.services import Manager
from support.manager import Client, make_settings


@pytest.fixture
def manager_settings(tmp_path: Path) -> Settings:
    """The document is the same on every database."""
    return make_settings(tmp_path)


@pytest.fixture
def document(anybody: Client) -> dict:
    return anybody.get("/api/v1/openapi.json").json()


def _operations(document: dict) -> list[tuple[str, dict]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_every_operation_has_a_name_of_its_own_and_a_sentence(document: dict):
    names = [operation["operationId"] for _, operation in _operations(document)]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    assert all(operation["description"] for _, operation in _operations(document))


def test_every_operation_says_what_it_answers(document: dict):
    for where, operation in _operations(document):
        good = [code for code in operation["responses"] if code.startswith("2")]
        assert len(good) == 1, where
        content = operation["responses"][good[0]].get("content", {})
        assert good == ["204"] or content["application/json"]["schema"], where


def test_every_error_is_a_problem_document(document: dict):
    for where, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (where, status)
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"title", "status", "detail", "code", "request_id"}


def test_every_guarded_operation_names_its_credential(document: dict):
    for where, operation in _operations(document):
        path = where.split()[1]
        expected = {
            path.startswith("/api/"): [{"operator": []}],
            path.startswith("/internal/"): [{"service": []}],
        }.get(True)
        assert operation.get("security") == expected, where
        assert ("401" in operation["responses"]) is (expected is not None), where


def test_the_document_and_its_page_are_served(anybody: Client, manager: Manager):
    assert anybody.get("/api/v1/docs").status_code == 200
    assert anybody.get("/docs").status_code == 404
    assert anybody.get("/openapi.json").status_code == 404


def test_every_code_of_a_refusal_is_on_the_reference_page():
    root = Path(__file__).parents[3]
    source = "\n".join(path.read_text() for path in (root / "src/overset/manager").rglob("*.py"))
    page = (root / "docs/reference/rest-api.md").read_text()
    kinds = "|".join(kind.__name__ for kind in (InvalidRequest, Forbidden, NotFound, Conflict))
    codes = set(re.findall(rf'\b(?:{kinds}|Unavailable)\(\s*"([a-z_]+)"', source))

    assert len(codes) > 20
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
