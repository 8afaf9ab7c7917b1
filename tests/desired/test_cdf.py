"""How a fleet says who calls CDF Provisioning, and what CDF is given for a thing; each mistake at its place."""

from typing import Any

import pytest

from reconciler.model.fleet import CdfAuth
from reconciler.model.position import Position

URL = "https://cdf.example.com"
FLEET = (
    "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: demo}\n"
    'spec:\n  account: "123456789012"\n  region: eu-central-1\n  provisioning: '
)
GROUP = (
    "apiVersion: reconciler/v1\nkind: Group\nmetadata: {name: berlin}\nspec:\n"
    "  template: {name: line, version: 3}\n  devices:\n    - thingName: press\n      cdfProvisioningParameters: "
)


@pytest.mark.parametrize(
    ("section", "auth"),
    [
        (f"{{provider: cdf, url: '{URL}'}}", CdfAuth()),
        (f"{{provider: cdf, url: '{URL}', auth: {{type: none}}}}", CdfAuth()),
        (f"{{provider: cdf, url: '{URL}', auth: {{type: iam}}}}", CdfAuth("iam")),
        (f"{{provider: cdf, url: '{URL}', auth: {{type: bearer, variable: A_1}}}}", CdfAuth("bearer", "A_1")),
        (f"{{provider: cdf, url: '{URL}', auth: {{type: apiKey, variable: KEY}}}}", CdfAuth("apiKey", "KEY")),
        ("{provider: cdf, url: 'http://127.0.0.1:80/cdf', auth: {type: apiKey, variable: K}}", CdfAuth("apiKey", "K")),
        ("{provider: cdf, auth: {type: lambda, function: 'cdf:live'}}", CdfAuth("lambda", function="cdf:live")),
    ],
)
def test_the_fleet_says_how_it_is_called(fleets: Any, section: str, auth: CdfAuth) -> None:
    found = fleets.load({"fleet.yaml": FLEET + section}).fleet.provisioning
    assert (found.provider, found.auth.type, found.auth.variable, found.auth.function) == (
        "cdf",
        auth.type,
        auth.variable,
        auth.function,
    )


def test_it_knows_its_place(fleets: Any) -> None:
    text = f"{FLEET}\n    provider: cdf\n    url: {URL}\n    auth:\n      type: iam\n"
    found = fleets.load({"fleet.yaml": text}).fleet.provisioning
    assert found.auth.position == Position("here/fleet.yaml", 11, 7)


@pytest.mark.parametrize(
    ("rule", "section", "message"),
    [
        ("unknown-key", "{provider: iot, §auth: {type: iam}}", "has no meaning with provider: iot; take it away, or"),
        ("unknown-key", "{§url: 'https://x'}", "has no meaning with provider: iot"),
        ("missing-key", "{provider: cdf, url: 'https://x', auth: §{type: bearer}}", "lacks the key variable; add vari"),
        ("missing-key", "{provider: cdf, url: 'https://x', auth: §{type: apiKey}}", "lacks the key variable"),
        ("missing-key", "{provider: cdf, auth: §{type: lambda}}", "lacks the key function; add function: cdf-provi"),
        ("missing-key", "{provider: cdf, url: 'https://x', §auth: {}}", "lacks the key type"),
        (
            "unknown-key",
            "{provider: cdf, url: 'https://x', auth: {type: iam, §variable: A}}",
            "spec.provisioning.auth.variable has no meaning with type: iam; take it away",
        ),
        (
            "unknown-key",
            "{provider: cdf, url: 'https://x', auth: {type: bearer, variable: A, §function: f}}",
            "has no meaning with type: bearer; take it away; it takes variable",
        ),
        (
            "unknown-key",
            "{provider: cdf, §url: 'https://x', auth: {type: lambda, function: f}}",
            "spec.provisioning.url has no meaning with auth: {type: lambda}",
        ),
        ("unknown-value", "{provider: cdf, url: 'https://x', auth: {type: §basic}}", 'is the text "basic"'),
        ("unknown-key", "{provider: cdf, url: 'https://x', auth: {type: none, §token: abc}}", 'unknown key "token"'),
        ("bad-name", "{provider: cdf, auth: {type: lambda, function: §'no name'}}", "write a function's name or ARN"),
        ("secret-in-url", "{provider: cdf, url: §'https://me:pw@x'}", "the URL holds a user name or password"),
        (
            "secret-in-the-open",
            "{provider: cdf, url: §'http://x/cdf', auth: {type: bearer, variable: A}}",
            "a secret for x would travel in the open",
        ),
        ("bad-name", "{provider: cdf, url: §'https://[x'}", "spec.provisioning.url is no URL"),
    ],
)
def test_a_mistake_is_told_once_and_at_its_place(fleets: Any, rule: str, section: str, message: str) -> None:
    problem = fleets.one_problem({"fleet.yaml": FLEET + section})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"


@pytest.mark.parametrize("value", ["sk-4f9aXyZ", "lower_case", "two words", "12345678", "'999'", "true"])
def test_what_may_be_the_secret_itself_is_not_shown(fleets: Any, value: str) -> None:
    section = f"{{provider: cdf, url: '{URL}', auth: {{type: bearer, variable: §{value}}}}}"
    problem = fleets.one_problem({"fleet.yaml": FLEET + section})
    assert problem.rule == "bad-name"
    assert value not in f"{problem.message} {problem.hint}"
    assert "the name of an environment variable" in problem.hint


def test_a_password_in_the_url_is_not_shown(fleets: Any) -> None:
    problem = fleets.one_problem({"fleet.yaml": f"{FLEET}{{provider: cdf, url: §'https://me:hunter2@x/cdf'}}"})
    assert "hunter2" not in f"{problem.message} {problem.hint}"


WITH_CDF = {"fleet.yaml": f"{FLEET}{{provider: cdf, url: '{URL}'}}\n"}
ALL = (
    "{caId: abc, certInfo: {commonName: press, organization: o, organizationalUnit: u, locality: l, stateName: s, "
    "country: DE, emailAddress: a@b.de, daysExpiry: 30}}"
)


@pytest.mark.parametrize(
    "parameters",
    [ALL, "{}", "{certificatePem: x, certificateStatus: ACTIVE}", "{acmpcaCaAlias: a, awsiotCaAlias: b, csr: c}"],
)
def test_what_cdf_takes_is_passed_on(fleets: Any, parameters: str) -> None:
    (group,) = fleets.load({**WITH_CDF, "group.yaml": GROUP + parameters}).groups
    assert (group.devices[0].cdf_provisioning_parameters or {}).keys() == {
        key.split(":")[0].strip() for key in ("caId, certInfo" if parameters == ALL else parameters[1:-1]).split(",")
    } - {""}


@pytest.mark.parametrize(
    ("rule", "parameters", "message"),
    [
        ("unknown-key", "{§caID: abc}", "did you mean caId?"),
        ("unknown-key", "{certInfo: {§comonName: x}}", "did you mean commonName?"),
        ("wrong-type", "{caId: §5}", "where text is wanted"),
        ("wrong-type", "{certInfo: §[]}", "is a list where a mapping"),
        ("bad-name", "{certInfo: {country: §Germany}}", "write the two letters of a country"),
        ("wrong-type", "{certInfo: {daysExpiry: §'30'}}", "write digits, without quotes"),
        ("out-of-range", "{certInfo: {daysExpiry: §0}}", "write a number that is at least 1"),
        ("unknown-value", "{certificateStatus: §REVOKED}", "write one of ACTIVE, INACTIVE"),
        ("empty", "{caId: §''}", "is empty"),
    ],
)
def test_what_cdf_does_not_take_is_told_at_its_place(fleets: Any, rule: str, parameters: str, message: str) -> None:
    problem = fleets.one_problem({**WITH_CDF, "group.yaml": GROUP + parameters})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"
