"""What limiting the rows of SQL stands on in Superset's executor and parser."""

import inspect

from sqlglot import exp
from superset.sql.execution.executor import SQLExecutor
from superset.sql.parse import SQLScript


def test_the_executor_prepares_each_script_and_runs_the_second_that_it_is_given():
    """`tenancy.binding.row_limits` limits that one, between parsing and running."""
    for run in (SQLExecutor.execute, SQLExecutor.execute_async):
        source = inspect.getsource(run)
        assert "original_script, transformed_script, catalog, schema = self._prepare_sql(" in source
        assert "self._check_security(transformed_script)" in source
    assert "transformed_script" in inspect.getsource(SQLExecutor._execute_statements)


def test_a_statement_is_formatted_from_its_tree():
    (statement,) = SQLScript("SELECT 1", "sqlite").statements
    assert isinstance(statement._parsed, exp.Query)

    statement._parsed = statement._parsed.limit(7)

    assert statement.get_limit_value() == 7
    assert "LIMIT 7" in statement.format()
