"""The rules for Greengrass V2: the files that break them, the place (marked §), and the message."""

from typing import Any

import pytest

from tests.desired.conftest import FLEET

HEAD = "apiVersion: reconciler/v1\n"


def template(deployment: str, extra: str = "") -> str:
    return (
        f"{HEAD}kind: Template\nmetadata: {{name: line}}\n"
        f"spec:\n  version: 3\n  runtime: greengrass/v2\n  deployment: {deployment}\n{extra}"
    )


def component(text: str) -> str:
    return template(f"{{components: {{com.example.Logger: {{componentVersion: 1.2.4, {text}}}}}}}")


def merge(text: str) -> str:
    return component(f"configurationUpdate: {{merge: {text}}}")


def policies(text: str) -> str:
    return template(f"{{components: {{}}, deploymentPolicies: {text}}}")


def jobs(text: str) -> str:
    return template(f"{{components: {{}}, iotJobConfiguration: {text}}}")


def rate(text: str) -> str:
    return jobs(f"{{jobExecutionsRolloutConfig: {{exponentialRate: {{baseRatePerMinute: 5, {text}}}}}}}")


def abort(text: str) -> str:
    return jobs(f"{{abortConfig: {{criteriaList: [{{failureType: FAILED, action: CANCEL, {text}}}]}}}}")


def both(first: str, second: str) -> str:
    return f"{first}\n---\n{second}"


def group(text: str, name: str = "berlin") -> str:
    return f"{HEAD}kind: Group\nmetadata: {{name: {name}}}\nspec:\n  template: {{name: line, version: 3}}\n{text}"


V1 = (
    f"{HEAD}kind: Template\nmetadata: {{name: line}}\nspec: {{version: 3, runtime: greengrass/v1, definitions: {{}}}}\n"
)
PLAIN = merge("{level: info}")

TEMPLATES: list[tuple[str, str, str]] = [
    # rule, template, message; hint
    (
        "missing-key",
        template("{}").replace("deployment:", "§deployment:"),
        "spec.deployment lacks the key components; add components: …",
    ),
    (
        "other-runtime",
        V1.replace("runtime: greengrass/v1, ", "runtime: greengrass/v2, §"),
        "definitions has no meaning with runtime: greengrass/v2; write deployment: {components: …}, or runtime:",
    ),
    (
        "other-runtime",
        template("{components: {}}", "  §deviceSubscriptions: {}\n"),
        "deviceSubscriptions has no meaning with runtime: greengrass/v2; configure aws.greengrass.clientdevices.mqtt",
    ),
    (
        "other-runtime",
        V1.replace("definitions: {}", "§deployment: {components: {}}"),
        "deployment has no meaning with runtime: greengrass/v1; write definitions: {…}, or runtime: greengrass/v2",
    ),
    (
        "wrong-shape",
        template("{components: {}}", "  definitions: {}\n").replace("spec:", "§spec:"),
        "spec must have exactly one of definitions, source and deployment; write definitions: {…} or source:",
    ),
    (
        "unknown-key",
        template("{components: {}, §targetArn: x}"),
        'unknown key "targetArn" in spec.deployment; the keys here are components, deploymentPolicies, iotJob',
    ),
    (
        "unknown-key",
        component("§configurationUpdates: {}"),
        'unknown key "configurationUpdates" in spec.deployment.components.com.example.Logger; did you mean configur',
    ),
    (
        "missing-key",
        template("{components: {§com.example.Logger: {}}}"),
        "lacks the key componentVersion; add componentVersion: …",
    ),
    (
        "bad-name",
        template("{components: {a: {componentVersion: §latest}}}"),
        'componentVersion is the text "latest"; write a semantic version such as 1.2.4',
    ),
    (
        "wrong-type",
        template("{components: {a: {componentVersion: §1.2}}}"),
        "componentVersion is the number 1.2 where text is wanted",
    ),
    (
        "bad-name",
        template("{components: {a: {componentVersion: §1.02.0}}}"),
        "write a semantic version such as 1.2.4",
    ),
    (
        "too-long",
        template(f"{{components: {{a: {{componentVersion: §1.0.0-{'a' * 60}}}}}}}"),
        "componentVersion has 66 characters; use at most 64",
    ),
    (
        "bad-name",
        template('{components: {§"a b": {componentVersion: 1.0.0}}}'),
        'the key "a b" in spec.deployment.components is not allowed; write a component\'s name',
    ),
    (
        "too-long",
        template(f"{{components: {{§{'a' * 129}: {{componentVersion: 1.0.0}}}}}}"),
        "in spec.deployment.components has 129 characters; use at most 128",
    ),
    (
        "bad-name",
        component("configurationUpdate: {reset: [§mqtt/port]}"),
        'reset[0] is the text "mqtt/port"; write a JSON pointer: "" for everything, or a path such as /mqtt/port',
    ),
    ("bad-name", component("configurationUpdate: {reset: [§/a~2]}"), "write a JSON pointer"),
    (
        "too-long",
        component(f"configurationUpdate: {{reset: [§/{'a' * 256}]}}"),
        "reset[0] has 257 characters; use at most 256",
    ),
    ("bad-name", component('runWith: {posixUser: §"a:b:c"}'), "write a user, or a user and a group as user:group"),
    (
        "wrong-type",
        component("runWith: {posixUser: §1000}"),
        'where text is wanted; put it in quotes: posixUser: "1000"',
    ),
    ("out-of-range", component("runWith: {systemResourceLimits: {cpus: §-1}}"), "cpus is -1; write a number that is"),
    (
        "unknown-value",
        policies("{failureHandlingPolicy: §rollback}"),
        'failureHandlingPolicy is the text "rollback"; did you mean ROLLBACK?',
    ),
    (
        "wrong-type",
        policies("{componentUpdatePolicy: {timeoutInSeconds: §1.5}}"),
        "timeoutInSeconds is the number 1.5 where a whole number is wanted",
    ),
    (
        "out-of-range",
        jobs("{jobExecutionsRolloutConfig: {maximumPerMinute: §1001}}"),
        "maximumPerMinute is 1,001; it may be at most 1,000",
    ),
    (
        "out-of-range",
        jobs("{timeoutConfig: {inProgressTimeoutInMinutes: §10081}}"),
        "inProgressTimeoutInMinutes is 10,081; it may be at most 10,080",
    ),
    ("out-of-range", jobs("{timeoutConfig: {inProgressTimeoutInMinutes: §0}}"), "a number that is at least 1"),
    (
        "out-of-range",
        rate("incrementFactor: §1.55, rateIncreaseCriteria: {numberOfNotifiedThings: 1}"),
        "incrementFactor is 1.55; write it with at most one decimal, such as 1.6",
    ),
    (
        "out-of-range",
        rate("incrementFactor: §5.1, rateIncreaseCriteria: {numberOfNotifiedThings: 1}"),
        "incrementFactor is 5.1; it may be at most 5",
    ),
    (
        "wrong-shape",
        rate("incrementFactor: 2, §rateIncreaseCriteria: {}"),
        "must have exactly one of numberOfNotifiedThings and numberOfSucceededThings",
    ),
    (
        "out-of-range",
        abort("thresholdPercentage: §10.999, minNumberOfExecutedThings: 1"),
        "thresholdPercentage is 10.999; write it with at most 2 decimals, such as 11.0",
    ),
    ("out-of-range", abort("thresholdPercentage: §101, minNumberOfExecutedThings: 1"), "it may be at most 100"),
    ("out-of-range", abort("thresholdPercentage: 1, minNumberOfExecutedThings: §0"), "a number that is at least 1"),
    ("empty", jobs("{abortConfig: {criteriaList: §[]}}"), "criteriaList is empty; give it a value"),
    (
        "not-json",
        merge("§'{\"a\": hunter2}'"),
        "not JSON: expecting value; write it as JSON, without comments",
    ),
    ("duplicate-key", merge('§\'{"a": 1, "a": 2}\''), 'the key "a" stands twice in one object; keep one of the two'),
    (
        "wrong-type",
        merge("§'[\"hunter2\"]'"),
        "configurationUpdate.merge is JSON text, but not of an object; write a mapping of keys and values",
    ),
    ("nesting-too-deep", merge(f"§'{'[' * 200}{']' * 200}'"), "too many levels of objects and lists"),
    (
        "bad-name",
        merge("§12345"),
        "merge is not what is wanted there, and not shown, as it may be a secret; write a mapping of keys and values",
    ),
    (
        "unknown-token",
        merge('{level: [{a: §"x ${grupName}"}]}'),
        "unknown token ${grupName} in a configuration; did you mean ${groupName}?; write $${grupName} if it is meant",
    ),
    (
        "unknown-token",
        merge('\'{"level": "${HOME}"}\'').replace("merge: ", "merge: §"),
        "unknown token ${HOME} in a configuration; the tokens are",
    ),
    (
        "token-without-value",
        merge('{a: §"${thingName}"}'),
        "${thingName} has no value here, where no thing is at hand; write it in the core's own configuration",
    ),
    (
        "token-without-value",
        merge('{a: §"${labels.site}"}'),
        "${labels.site} has no value in group berlin; add metadata.labels.site to the group",
    ),
    (
        "too-large",
        merge(f"{{a: {'a' * (6 * 1024 * 1024)}}}").replace("deployment:", "§deployment:"),
        "the deployment has 6,291,",
    ),
]


@pytest.mark.parametrize(("rule", "text", "message"), TEMPLATES)
def test_rule_of_templates(rule: str, text: str, message: str, fleets: Any) -> None:
    problem = fleets.one_problem({"template.yaml": text})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"


GROUPS: list[tuple[str, str, str, str]] = [
    # rule, template, group, message; hint
    (
        "other-runtime",
        V1,
        group("  §configuration: {}\n"),
        "configuration has no meaning with runtime: greengrass/v1; take it away, or use a template with runtime:",
    ),
    (
        "other-runtime",
        V1,
        group("  cores: [{thingName: a, §configuration: {}}]\n"),
        "configuration has no meaning with",
    ),
    ("other-runtime", V1, group("  devices: [{thingName: a, §cores: []}]\n"), "cores has no meaning with runtime: gre"),
    (
        "other-runtime",
        PLAIN,
        group("  devices: [{thingName: a, §syncShadow: true}]\n"),
        "syncShadow has no meaning with runtime: greengrass/v2; configure aws.greengrass.ShadowManager (synchronize)",
    ),
    (
        "other-runtime",
        PLAIN,
        group("  devices: [{thingName: a, §subscriptions: []}]\n"),
        "subscriptions has no meaning with runtime: greengrass/v2; configure aws.greengrass.clientdevices.mqtt.Bridge",
    ),
    (
        "other-runtime",
        PLAIN,
        group("  deployment: {§groupVersionId: abc}\n"),
        "groupVersionId has no meaning with runtime: greengrass/v2; take it away: what is deployed is the template's",
    ),
    (
        "other-runtime",
        PLAIN,
        group("  deployment: {state: reset, §force: true}\n"),
        "force has no meaning with runtime: greengrass/v2; take it away: a reset is a deployment without components",
    ),
    (
        "other-runtime",
        PLAIN,
        group("  prune: true\n  §forceReset: true\n"),
        "forceReset has no meaning with runtime: greengrass/v2; take it away: what is deployed is taken off by a depl",
    ),
    (
        "unknown-key",
        PLAIN,
        group("  devices: [{thingName: a, §configuration: {}}]\n"),
        "configuration has no meaning for a device; write it at a core, or at the group",
    ),
    (
        "unknown-key",
        PLAIN,
        group("  cores: [{thingName: a, §cores: []}]\n"),
        "cores has no meaning for a core; take it away",
    ),
    (
        "unknown-component",
        PLAIN,
        group("  configuration: {§com.example.Loger: {level: debug}}\n"),
        'the template line 3 does not deploy the component "com.example.Loger"; did you mean com.example.Logger?',
    ),
    (
        "unknown-component",
        PLAIN,
        group("  cores: [{thingName: a, configuration: {§x: {}}}]\n"),
        'does not deploy the component "x"; add it to the template\'s components, or take this away',
    ),
    (
        "bad-name",
        PLAIN,
        group("  configuration: {com.example.Logger: §hunter2}\n"),
        "Logger is not what is wanted there, and not shown, as it may be a secret; write a mapping of keys",
    ),
    (
        "unknown-token",
        PLAIN,
        group('  configuration: {com.example.Logger: {a: §"${secret:TOKEN}"}}\n'),
        "unknown token ${secret:TOKEN} in a configuration; secrets are ${secret.NAME}",
    ),
    (
        "unknown-token",
        PLAIN,
        group('  configuration: {com.example.Logger: {a: §"${labels:site}"}}\n'),
        "unknown token ${labels:site} in a configuration; the tokens are",
    ),
    (
        "unknown-token",
        PLAIN,
        group('  configuration: {com.example.Logger: {a: §"${site}"}}\n'),
        "unknown token ${site} in a configuration",
    ),
    (
        "token-without-value",
        PLAIN,
        group('  configuration: {com.example.Logger: {a: §"${thingArn}"}}\n'),
        "${thingArn} has no value here, where no thing is at hand; write it in the core's own configuration",
    ),
    (
        "token-without-value",
        PLAIN,
        group(
            '  configuration: {com.example.Logger: {a: §"${coreThingName}"}}\n'
            "  cores: [{thingName: a}, {thingName: b}]\n"
        ),
        "the group has several cores: write it where one is at hand, such as in the core's own configuration",
    ),
    (
        "token-without-value",
        merge('{a: §"${coreThingName}"}'),
        group("  cores: [{thingName: a}, {thingName: b}]\n"),
        "${coreThingName} has no value in group berlin; the group has several cores",
    ),
    (
        "token-without-value",
        merge('{a: §"${coreThingName}"}'),
        group(""),
        "${coreThingName} has no value in group berlin; declare a core in the group",
    ),
    (
        "unknown-core",
        PLAIN,
        group("  cores: [{thingName: core-a}]\n  devices: [{thingName: d, cores: [core-a, §core-b]}]\n"),
        'the group berlin has no core "core-b"; did you mean core-a?',
    ),
    (
        "bad-name",
        PLAIN,
        group("  cores: [{thingName: §'a:b'}]\n"),
        'the core\'s thingName "a:b" has a colon, which Greengrass V2 does not take',
    ),
    (
        "bad-name",
        PLAIN,
        group("", "§'site:berlin'"),
        'the group\'s name "site:berlin" has a colon, which Greengrass V2 does not take; write letters, digits, un',
    ),
    (
        "too-long",
        PLAIN,
        group(f"  cores: [{{thingName: §{'c' * 125}}}]\n"),
        "the core's thingName has 125 bytes; use at most 124",
    ),
    (
        "duplicate-thing",
        PLAIN,
        group("  cores: [{thingName: a}, {thingName: §a}]\n"),
        'the thing "a" is declared twice',
    ),
    (
        "duplicate-thing",
        PLAIN,
        both(group("  cores: [{thingName: a}]"), group("  devices: [{thingName: §a}]", "munich")),
        'the thing "a" is declared twice, first at here/group.yaml:6:23',
    ),
    (
        "duplicate-thing",
        PLAIN,
        both(group("  cores: [{thingName: a}]"), group("  cores: [{thingName: a}, {thingName: §a}]", "munich")),
        'the thing "a" is declared twice',
    ),
    (
        "different-core",
        PLAIN,
        both(
            group("  cores: [{thingName: a, thingType: x}]"),
            group("  cores: [{thingName: §a, thingType: y, parameters: {A: b}}]", "munich"),
        ),
        'the core "a" has another thingType, parameters here than in the group berlin; say the same of it as at here/',
    ),
    (
        "second-configuration",
        PLAIN,
        both(
            group("  cores: [{thingName: a, configuration: {com.example.Logger: {a: 1}}}]"),
            group("  cores: [{thingName: §a, configuration: {com.example.Logger: {a: 2}}}]", "munich"),
        ),
        'the core "a" has a configuration of its own here and in the group berlin; write it at here/group.yaml:6:23',
    ),
    (
        "too-many-groups",
        PLAIN,
        "\n---\n".join(
            group(f"  cores: [{{thingName: {'§a' if number == 10 else 'a'}}}]", f"g{number:02}") for number in range(11)
        ),
        'the core "a" is in 11 groups; AWS IoT takes 10; take it out of some, or put groups together',
    ),
    (
        "too-large",
        PLAIN,
        group(f"  configuration: {{com.example.Logger: {{a: {'a' * (6 * 1024 * 1024)}}}}}\n", "§berlin"),
        "the deployment of the group berlin has 6,291,",
    ),
    (
        "too-large",
        PLAIN,
        group(
            f"  cores: [{{thingName: §a, configuration: {{com.example.Logger: {{a: {'a' * (6 * 1024 * 1024)}}}}}}}]\n"
        ),
        "the deployment of the core a has 6,291,",
    ),
]


@pytest.mark.parametrize(("rule", "template_text", "group_text", "message"), GROUPS)
def test_rule_of_groups(rule: str, template_text: str, group_text: str, message: str, fleets: Any) -> None:
    problem = fleets.one_problem({"template.yaml": template_text, "group.yaml": group_text})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"


FLEETS: list[tuple[str, str, str]] = [
    # rule, nucleus, message; hint
    ("missing-key", "§nucleus: {version: 2.12.6}", "spec.nucleus lacks the key roleAlias; add roleAlias: …"),
    ("bad-name", "nucleus: {roleAlias: §a b}", 'roleAlias is the text "a b"; write a role alias of AWS IoT: letters'),
    ("bad-name", "nucleus: {roleAlias: a, version: §latest}", "write a semantic version such as 1.2.4"),
    ("unknown-key", "nucleus: {roleAlias: a, §verson: 2.12.6}", 'unknown key "verson" in spec.nucleus; did you mean'),
]


@pytest.mark.parametrize(("rule", "text", "message"), FLEETS)
def test_rule_of_fleets(rule: str, text: str, message: str, fleets: Any) -> None:
    problem = fleets.one_problem({"fleet.yaml": f"{FLEET}  {text}\n"})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"


def test_a_group_cannot_be_renamed(fleets: Any) -> None:
    moved = f"{FLEET}  moved: [{{from: old, to: older}}, {{from: §older, to: berlin}}]\n"
    problem = fleets.one_problem({"fleet.yaml": moved, "template.yaml": PLAIN})
    assert problem.rule == "bad-move"
    assert problem.message == '"berlin" is a group of greengrass/v2: a thing group keeps its name'
    assert "declare older and berlin with the same cores and apply, then take older out" in problem.hint


def test_what_follows_from_an_unknown_template_is_not_told(fleets: Any) -> None:
    text = group("  cores: [{thingName: a, configuration: {x: {}}}, {thingName: b, syncShadow: true}]\n")
    problem = fleets.one_problem({"template.yaml": PLAIN, "group.yaml": text.replace("name: line", "name: §lime")})
    assert problem.rule == "unknown-template"


def test_no_message_holds_what_may_be_a_secret(fleets: Any) -> None:
    secret = "hunter2"
    texts = [
        {"template.yaml": merge(f"'{{\"a\": {secret}}}'")},
        {"template.yaml": merge(f"'[\"{secret}\"]'")},
        {"template.yaml": merge(secret)},
        {"template.yaml": merge(f"[{secret}]")},
        {"template.yaml": merge(f'{{password: "{secret} ${{nothing}}"}}')},
        {"template.yaml": PLAIN, "group.yaml": group(f"  configuration: {{com.example.Logger: {secret}}}\n")},
        {"template.yaml": PLAIN, "group.yaml": group(f"  configuration: {{unknown: {{password: {secret}}}}}\n")},
    ]
    for files in texts:
        assert all(secret not in str(problem) for problem in fleets.problems(files))
