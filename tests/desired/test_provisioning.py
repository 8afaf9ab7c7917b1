import json
from typing import Any

import pytest

THING = {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}}}


def body(*required: str, **defaults: str) -> str:
    parameters: dict[str, Any] = {name: {"Type": "String"} for name in required}
    parameters |= {name: {"Type": "String", "Default": value} for name, value in defaults.items()}
    return json.dumps({"Parameters": parameters, "Resources": THING}, indent=1)


def group(thing: str) -> str:
    return (
        "apiVersion: reconciler/v1\nkind: Group\nmetadata: {name: x}\nspec:\n  template: {name: line, version: 3}\n"
        f"  cores: [{thing}]\n"
    )


def test_templates_are_found_with_their_parameters(fleets: Any) -> None:
    text = body("ThingName", "CSR", "ThingType", "Serial", Site="lab")
    state = fleets.load(
        {
            "provisioning/core.json": text,
            "provisioning/readme.txt": "no template",
            "group.yaml": group(
                "{thingName: c, thingType: t, provisioningTemplate: core, parameters: {Serial: '${groupName}-1'}}"
            ),
        }
    )
    found = state.provisioning_templates["core"]
    assert list(state.provisioning_templates) == ["core"]
    assert (found.name, found.body) == ("core", text)
    assert found.parameters == {"ThingName": False, "CSR": False, "ThingType": False, "Serial": False, "Site": True}
    assert state.groups[0].cores[0].parameters == {"Serial": "x-1"}


def test_a_template_that_is_not_here_is_one_of_aws_iot(fleets: Any) -> None:
    thing = "{thingName: c, provisioningTemplate: in-aws, parameters: {What: ever, ThingName: c}}"
    (found,) = fleets.load({"group.yaml": group(thing)}).groups
    assert found.cores[0].provisioning_template == "in-aws"


@pytest.mark.parametrize(
    ("content", "rule", "line", "column", "message"),
    [
        ("{", "not-json", 1, 2, "not JSON: expecting property name"),
        ('{\n "a": 1,\n}', "not-json", 3, 1, "not JSON: "),
        ('{"a": NaN}', "not-json", 1, 1, "not JSON: NaN is not allowed"),
        ("", "not-json", 1, 1, "not JSON: expecting value"),
        ('{"a": 1, "a": 2}', "duplicate-key", 1, 1, 'the key "a" stands twice in one object'),
        ("[" * 10_000, "nesting-too-deep", 1, 1, "too many levels"),
        ("[]", "wrong-type", 1, 1, "a provisioning template is a JSON object"),
        ("{}", "missing-key", 1, 1, "the template has no Resources"),
        ('{\n "Resources": []}', "missing-key", 2, 15, "the template has no Resources"),
        ('{"Resources": {"a": 1},\n "Parameters": []}', "wrong-type", 2, 16, "Parameters is not an object"),
        (
            '{"Resources": {"a": 1},\n "Parameters": {"N": {"Type": "Number"}}}',
            "wrong-type",
            2,
            31,
            'the parameter "N" is not of Type String',
        ),
        (
            '{"Resources": {"a": 1},\n "Parameters": {"N": {"Type": "String", "Default": 1}}}',
            "wrong-type",
            2,
            52,
            'the Default of the parameter "N" is not text',
        ),
        (json.dumps({"Resources": {"a": "x" * 10_240}}), "too-large", 1, 1, "the template has 10,264 characters"),
    ],
)
def test_a_bad_template_is_told_with_its_place(
    content: str, rule: str, line: int, column: int, message: str, fleets: Any
) -> None:
    (problem,) = fleets.problems({"provisioning/core.json": content})
    assert (problem.rule, tuple(problem.position)) == (rule, ("here/provisioning/core.json", line, column))
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("thing", "rule", "message"),
    [
        (
            "{thingName: c, provisioningTemplate: core, parameters: {Serial: a, Sereal: §b}}",
            "unknown-parameter",
            'the provisioning template core has no parameter "Sereal"; did you mean Serial?',
        ),
        (
            "{thingName: c, provisioningTemplate: §core}",
            "missing-parameter",
            "c gives no Serial, which the provisioning template core needs; add parameters: {Serial: …}",
        ),
        (
            "{thingName: c, provisioningTemplate: §typed}",
            "missing-parameter",
            "c gives no ThingType, which the provisioning template typed needs; add thingType: …",
        ),
        (
            "{thingName: c, provisioningTemplate: core, parameters: {Serial: a, ThingName: §b}}",
            "filled-in",
            "the parameter ThingName is filled in from thingName, and differs from it; take it away",
        ),
        (
            "{thingName: c, parameters: {CSR: §x}}",
            "filled-in",
            "the parameter CSR is filled in by itself; take it away; a device's own request goes under csr",
        ),
    ],
)
def test_parameters_are_checked_against_the_template(thing: str, rule: str, message: str, fleets: Any) -> None:
    files = {
        "provisioning/core.json": body("ThingName", "CertificateSigningRequest", "Serial", Site="lab"),
        "provisioning/typed.json": body("ThingType"),
        "group.yaml": group(thing),
    }
    problem = fleets.one_problem(files)
    assert problem.rule == rule
    assert f"{problem.message}; {problem.hint}".startswith(message)


def test_a_template_with_problems_is_not_called_missing(fleets: Any) -> None:
    thing = "{thingName: c, provisioningTemplate: core, parameters: {A: b}}"
    (problem,) = fleets.problems({"provisioning/core.json": "{", "group.yaml": group(thing)})
    assert problem.rule == "not-json"
