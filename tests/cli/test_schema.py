import json

import pytest
from click.testing import CliRunner

from reconciler.cli.schema import print_schema
from reconciler.desired.schemas import schema_names, schema_text
from reconciler.model.errors import UsageError


@pytest.mark.parametrize("kind", ["fleet", "Group", "TEMPLATE", "device", "Component"])
def test_a_kinds_schema_is_printed_as_it_is(kind: str) -> None:
    result = CliRunner().invoke(print_schema, [kind])
    assert result.exit_code == 0
    assert result.stdout == schema_text(kind.lower())
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_without_a_kind_they_are_listed_a_line_each() -> None:
    result = CliRunner().invoke(print_schema, [])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(schema_names())
    assert "fleet      A fleet: one directory of files for one AWS account and region" in lines


def test_an_unknown_kind_is_wrong_usage() -> None:
    with pytest.raises(UsageError) as caught:
        print_schema.main(["potato"], standalone_mode=False)
    assert caught.value.exit_code == 64
    assert caught.value.message == "there is no schema called potato"
    assert caught.value.hint == f"the kinds are {', '.join(schema_names())}"
