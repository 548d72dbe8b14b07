"""What limiting the rows of SQL stands on in Superset's executor and parser."""

import inspect

from sqlglot import exp
from superset.sql.execution.executor import SQLExecutor
from superset.sql.parse import SQLScript


def test_the_executor_runs_the_second_script_that_it_is_given():
    """`tenancy.binding.row_limits` limits that one, when all else was asked and written down."""
    run = inspect.getsource(SQLExecutor.execute)
    assert run.index("self._check_security(transformed_script)") < run.index("_execute_statements(")
    assert list(inspect.signature(SQLExecutor._execute_statements).parameters)[1:3] == [
        "original_script",
        "transformed_script",
    ]
    assert "stmt.format() for stmt in transformed_script.statements" in inspect.getsource(
        SQLExecutor._execute_statements
    )


def test_a_statement_is_formatted_from_its_tree():
    (statement,) = SQLScript("SELECT 1", "sqlite").statements
    assert isinstance(statement._parsed, exp.Query)

    statement._parsed = statement._parsed.limit(7)

    assert statement.get_limit_value() == 7
    assert "LIMIT 7" in statement.format()
