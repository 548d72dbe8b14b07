"""A dataset whose description was shortened is known whole; one whose columns were is not."""

import pytest

from overset.chat.analyst.datasets.description import read_dataset

PROSE = "Field 'description' truncated from 23525 chars"
TOLD = {"id": 1, "table_name": "sales", "columns": [{"column_name": "amount", "type": "REAL"}]}


def test_a_shortened_description_leaves_the_columns_whole() -> None:
    told = {**TOLD, "_response_truncated": True, "_truncation_notes": [PROSE]}

    assert [column.name for column in read_dataset(told).columns] == ["amount"]


@pytest.mark.parametrize(
    "notes", [["Field 'columns' truncated from 328 to 30 items", PROSE], [], None, "cut"]
)
def test_what_may_lack_columns_is_not_read(notes: object) -> None:
    told = {**TOLD, "_response_truncated": True, "_truncation_notes": notes}

    with pytest.raises(ValueError, match="cut off"):
        read_dataset(told)
