"""Every rule: the files that break it, the place (marked §), and the message."""

from typing import Any

import pytest

PRESS = "arn:aws:lambda:eu-central-1:123456789012:function:press:4"
SNS = "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4"
HEAD = "apiVersion: reconciler/v1\n"


def fleet(text: str) -> str:
    return (
        f'{HEAD}kind: Fleet\nmetadata: {{name: demo}}\nspec:\n  account: "123456789012"\n  region: eu-central-1\n{text}'
    )


def template(text: str, name: str = "line", version: int = 3) -> str:
    spec = f"spec:\n  version: {version}\n  runtime: greengrass/v1\n{text}"
    return f"{HEAD}kind: Template\nmetadata: {{name: {name}}}\n{spec}"


def definitions(text: str) -> str:
    return template(f"  definitions:\n    {text}\n")


def functions(text: str) -> str:
    return definitions(f"functions: {{Functions: [{{Id: press, {text}}}]}}")


def group(text: str, name: str = "berlin") -> str:
    return f"{HEAD}kind: Group\nmetadata: {{name: {name}}}\nspec:\n  template: {{name: line, version: 3}}\n{text}"


def subscription(identifier: str = "up", source: str = "cloud", target: str = "GGShadowService") -> str:
    texts = {"Id": identifier, "Source": source, "Subject": "a/b", "Target": target}
    marked = {key: ("§" if "§" in text else "") + f'"{text.replace("§", "")}"' for key, text in texts.items()}
    return "{" + ", ".join(f"{key}: {text}" for key, text in marked.items()) + "}"


def subscriptions(text: str) -> str:
    return definitions(f"subscriptions: {{Subscriptions: [{text}]}}")


CORE = "  cores: [{thingName: berlin-core}]\n"

CASES: list[tuple[str, str, str, str]] = [
    # rule, file, text, message; hint
    ("unknown-kind", "x.yaml", f"{HEAD}kind: §Gruop\n", 'unknown kind: the text "Gruop"; did you mean Group?'),
    (
        "unknown-kind",
        "x.yaml",
        f"{HEAD}kind: §Potato\n",
        'unknown kind: the text "Potato"; the kinds are Fleet, Template, Component, Group, Device',
    ),
    ("unknown-kind", "x.yaml", f"{HEAD}kind: §[Group]\n", "unknown kind: a list; the kinds are"),
    ("missing-key", "x.yaml", "§apiVersion: reconciler/v1\n", "this document lacks the key kind; add kind: one of"),
    (
        "missing-key",
        "x.yaml",
        "§kind: Group\n",
        "this document lacks the key apiVersion; add apiVersion: reconciler/v1",
    ),
    (
        "missing-key",
        "x.yaml",
        "§version: 1\nkind: Group\n",
        "lacks the key apiVersion; write apiVersion: reconciler/v1 in",
    ),
    (
        "unknown-api-version",
        "x.yaml",
        "apiVersion: §reconciler/v2\nkind: Group\n",
        'unknown apiVersion: the text "reconciler/v2"; write apiVersion: reconciler/v1',
    ),
    ("wrong-type", "x.yaml", "§- a\n- b\n", "this document is a list where a mapping is wanted; begin it with"),
    ("wrong-type", "x.yaml", "§text\n", 'this document is the text "text" where a mapping is wanted'),
    (
        "unknown-key",
        "fleet.yaml",
        fleet("  §artefacts: {bucket: xyz}\n"),
        'unknown key "artefacts" in spec; did you mean artifacts?',
    ),
    (
        "unknown-key",
        "group.yaml",
        group(f"{CORE}  §color: red\n"),
        'unknown key "color" in spec; the keys here are adopt, configuration, cores,',
    ),
    (
        "unknown-key",
        "fleet.yaml",
        fleet("  provisioning: {§url: https://cdf.example.com}\n"),
        "spec.provisioning.url has no meaning with provider: iot; take it away, or write provider: cdf",
    ),
    (
        "missing-key",
        "fleet.yaml",
        fleet("  §provisioning: {provider: cdf}\n"),
        "spec.provisioning lacks the key url; add url: https://… of the CDF Provisioning service",
    ),
    (
        "missing-key",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\n§spec: {{}}\n",
        "spec lacks the key template; add template: …",
    ),
    (
        "missing-key",
        "template.yaml",
        definitions("connectors: {Connectors: [§{Id: sns}]}"),
        "spec.definitions.connectors.Connectors[0] lacks the key ConnectorArn; add ConnectorArn: …",
    ),
    (
        "wrong-type",
        "fleet.yaml",
        f"{HEAD}kind: Fleet\nmetadata: {{name: demo}}\nspec: {{region: eu-central-1, account: §123456789012}}\n",
        'spec.account is the number 123456789012 where text is wanted; put it in quotes: account: "123456789012"',
    ),
    (
        "wrong-type",
        "fleet.yaml",
        f"{HEAD}kind: Fleet\nmetadata: {{name: demo}}\nspec: {{region: eu-central-1, account: §012345678901}}\n",
        'where text is wanted; put it in quotes: account: "012345678901"',
    ),
    (
        "wrong-type",
        "group.yaml",
        group(f"{CORE}  devices: [{{thingName: a, syncShadow: §no}}]\n"),
        'is the text "no" where true or false is wanted; write syncShadow: true or syncShadow: false, without quotes',
    ),
    (
        "wrong-type",
        "group.yaml",
        group("  §cores:\n"),
        "spec.cores is empty where a list is wanted; give it a value, or",
    ),
    (
        "wrong-type",
        "group.yaml",
        group("  cores: §{thingName: a}\n"),
        "spec.cores is a mapping where a list is wanted; begin each",
    ),
    (
        "wrong-type",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: §line}}\n",
        'spec.template is the text "line" where a mapping of keys and values is wanted',
    ),
    (
        "wrong-type",
        "group.yaml",
        f'{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: {{name: line, version: §"3"}}}}\n',
        'spec.template.version is the text "3" where a whole number is wanted; write digits, without quotes',
    ),
    (
        "wrong-type",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: {{name: line, version: §3.0}}}}\n",
        "spec.template.version is the number 3.0 where a whole number is wanted",
    ),
    (
        "wrong-type",
        "group.yaml",
        group("  deployment: {redeploy: §true}\n"),
        'redeploy is true where text or a whole number is wanted; put it in quotes: redeploy: "true"',
    ),
    (
        "wrong-type",
        "template.yaml",
        functions("FunctionConfiguration: {Environment: {Variables: {PORT: §8080}}}"),
        'Variables.PORT is the number 8080 where text is wanted; put it in quotes: PORT: "8080"',
    ),
    (
        "unknown-key",
        "template.yaml",
        functions("FunctionConfiguration: {§TimeOut: 3}"),
        'unknown key "TimeOut" in spec.definitions.functions.Functions[0].FunctionConfiguration; did you mean Timeout?',
    ),
    (
        "unknown-value",
        "template.yaml",
        functions("FunctionConfiguration: {EncodingType: §yaml}"),
        'EncodingType is the text "yaml"; write one of binary, json',
    ),
    (
        "unknown-value",
        "group.yaml",
        group("  deployment: {state: §rest}\n"),
        'state is the text "rest"; did you mean reset?',
    ),
    (
        "wrong-shape",
        "template.yaml",
        f"{HEAD}kind: Template\nmetadata: {{name: line}}\n§spec: {{version: 3, runtime: greengrass/v1}}\n",
        "spec must have exactly one of definitions, source and deployment; write definitions: {…} or source: {groupId:",
    ),
    (
        "wrong-shape",
        "template.yaml",
        definitions("resources: {Resources: [{Id: a, Name: a, §ResourceDataContainer: {}}]}"),
        'the resource "a" has no kinds of data; give it exactly one, such as LocalVolumeResourceData',
    ),
    (
        "out-of-range",
        "fleet.yaml",
        fleet("  limits: {iot: §0}\n"),
        "spec.limits.iot is 0; write a number that is more than 0",
    ),
    ("empty", "group.yaml", group('  deployment: {redeploy: §""}\n'), "spec.deployment.redeploy is empty"),
    (
        "bad-name",
        "fleet.yaml",
        fleet("  limits: {§a b: 1}\n"),
        'the key "a b" in spec.limits is not allowed; write a service',
    ),
    (
        "bad-name",
        "fleet.yaml",
        f"{HEAD}kind: Fleet\nmetadata: {{name: demo}}\nspec: {{region: Frankfurt, account: '123456789012'}}\n".replace(
            "Frank", "§Frank"
        ),
        'spec.region is the text "Frankfurt"; write an AWS region, for example eu-central-1',
    ),
    (
        "bad-name",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: §berlin line 1}}\nspec: {{template: {{name: line, version: 3}}}}\n",
        'metadata.name is the text "berlin line 1"; write letters, digits, colon, underscore and hyphen',
    ),
    (
        "bad-name",
        "group.yaml",
        group('  cores: [{thingName: §"a\\n"}]\n'),
        'thingName is the text "a\\n"; write letters, digits',
    ),
    (
        "bad-name",
        "template.yaml",
        functions("").replace("Id: press", "Id: §press!"),
        'Id is the text "press!"; write letters',
    ),
    (
        "bad-name",
        "group.yaml",
        group("  cores: [{thingName: a, provisioningTemplate: §a/b}]\n"),
        'provisioningTemplate is "a/b"',
    ),
    (
        "bad-name",
        "template.yaml",
        subscriptions(subscription("§a b")),
        'the subscription Id "a b" is not allowed; write letters',
    ),
    (
        "too-long",
        "group.yaml",
        group(f"  devices: [{{thingName: §{'d' * 129}}}]\n"),
        "has 129 characters; use at most 128",
    ),
    (
        "too-long",
        "group.yaml",
        group(f"  cores: [{{thingName: §{'c' * 125}}}]\n"),
        "the core's thingName has 125 bytes; use at most 124",
    ),
    (
        "too-long",
        "group.yaml",
        group(f"  devices: [{{thingName: {'d' * 124}, subscriptions: [{subscription('§x-${thingName}-long')}]}}]\n"),
        'the subscription Id "x-${thingName}-long" gets too long; use at most 128 characters',
    ),
    (
        "not-yet",
        "x.yaml",
        f"{HEAD}kind: §GroupSet\n",
        "kind: GroupSet is not supported yet; a later version brings it; write each",
    ),
    (
        "not-yet",
        "fleet.yaml",
        fleet("  §rollout: {waves: []}\n"),
        "spec.rollout is not supported yet; a later version brings it",
    ),
    (
        "missing-key",
        "fleet.yaml",
        fleet("  §ledger: {provider: dynamodb}\n"),
        "spec.ledger lacks the key table; add table: NAME of a DynamoDB table",
    ),
    (
        "unknown-key",
        "fleet.yaml",
        fleet("  ledger: {§table: runs}\n"),
        "spec.ledger.table has no meaning with provider: sqlite; take it away, or write provider: dynamodb",
    ),
    (
        "bad-name",
        "fleet.yaml",
        fleet("  ledger: {provider: dynamodb, table: §no}\n"),
        "3 to 255 letters, digits, dots, underscores and hyphens",
    ),
    (
        "missing-key",
        "fleet.yaml",
        fleet("  §execution: {mode: queue}\n"),
        "spec.execution lacks the key stack; add stack: NAME of the stack made from infra/template.yaml",
    ),
    (
        "unknown-key",
        "fleet.yaml",
        fleet("  execution: {§stack: prod}\n"),
        "spec.execution.stack has no meaning with mode: local; take it away, or write mode: queue",
    ),
    (
        "unknown-key",
        "fleet.yaml",
        fleet("  execution: {§queues: {}}\n"),
        "spec.execution.queues has no meaning with mode: local; take it away, or write mode: queue",
    ),
    (
        "missing-key",
        "fleet.yaml",
        fleet("  execution: {mode: queue, stack: prod, queues: {§Devices: {url: https://sqs/1/a}}}\n"),
        "lacks the key deadLetterUrl",
    ),
    (
        "ledger-not-shared",
        "fleet.yaml",
        fleet("  execution: {mode: queue, stack: prod}\n  §ledger: {provider: sqlite}\n"),
        "spec.ledger is a file on this machine, which the workers of mode: queue cannot share",
    ),
    (
        "bad-name",
        "fleet.yaml",
        fleet("  execution: {mode: queue, stack: §1st}\n"),
        "a stack's name: a letter, then up to 127 letters, digits and dashes",
    ),
    (
        "two-fleets",
        "x.yaml",
        fleet("").replace("api", "§api"),
        "a second Fleet document; the first is at here/fleet.yaml:1:1",
    ),
    (
        "duplicate-name",
        "x.yaml",
        group("").replace("name: berlin", "name: §berlin"),
        'the group "berlin" is declared twice, first at here/group.yaml:3:18; rename one of the two, or take it away',
    ),
    (
        "duplicate-name",
        "x.yaml",
        template("  definitions: {}\n").replace("name: line", "name: §line"),
        'the template "line 3" is declared twice, first at here/template.yaml:3:18',
    ),
    (
        "duplicate-name",
        "x.yaml",
        (
            f"{HEAD}kind: Device\nmetadata: {{name: a}}\nspec: {{group: berlin, role: device}}\n---\n"
            f"{HEAD}kind: Device\nmetadata: {{name: §a}}\nspec: {{group: berlin, role: device, thingName: b}}\n"
        ),
        'the device "a" is declared twice, first at here/x.yaml:3:18',
    ),
    (
        "duplicate-thing",
        "x.yaml",
        group("  cores: [{thingName: §berlin-core}]\n", "paris"),
        'the thing "berlin-core" is declared twice, first at here/group.yaml:6:23; a thing belongs to one group, once',
    ),
    (
        "duplicate-thing",
        "group.yaml",
        group("  cores: [{thingName: a}]\n  devices: [{thingName: §a}]\n"),
        'the thing "a" is declared twice, first at here/group.yaml:6:23',
    ),
    (
        "two-cores",
        "group.yaml",
        group("  cores: [{thingName: a}, {thingName: §b}]\n"),
        "the group berlin has a second core; the first is at here/group.yaml:6:23; Greengrass V1 takes one",
    ),
    (
        "two-cores",
        "x.yaml",
        f"{HEAD}kind: Device\nmetadata: {{name: b}}\nspec: {{group: berlin, role: core, thingName: §b}}\n",
        "the group berlin has a second core; the first is at here/group.yaml:6:23",
    ),
    (
        "unknown-group",
        "x.yaml",
        f"{HEAD}kind: Device\nmetadata: {{name: b}}\nspec: {{group: §berlim, role: device}}\n",
        'unknown group "berlim"; did you mean berlin?',
    ),
    (
        "unknown-template",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: {{name: §lime, version: 3}}}}\n",
        'unknown template "lime"; did you mean line?',
    ),
    (
        "unknown-template",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: {{name: §pump, version: 3}}}}\n",
        'unknown template "pump"; add a Template document of this name, or use one of line',
    ),
    (
        "unknown-version",
        "group.yaml",
        f"{HEAD}kind: Group\nmetadata: {{name: berlin}}\nspec: {{template: {{name: line, version: §4}}}}\n",
        'the template "line" has no version 4; its versions are 3',
    ),
    (
        "force-without-reset",
        "group.yaml",
        group(f"{CORE}  deployment: {{§force: true}}\n"),
        "force has no meaning with state: deployed; take force away, or write state: reset",
    ),
    (
        "needs-prune",
        "fleet.yaml",
        fleet("  §deprovision: true\n"),
        "deprovision has no meaning without prune: true; add prune: true, or take it away",
    ),
    (
        "needs-prune",
        "group.yaml",
        group(f"{CORE}  prune: false\n  §forceReset: true\n"),
        "forceReset has no meaning without prune: true",
    ),
    (
        "unknown-group",
        "fleet.yaml",
        fleet("  moved: [{from: §old, to: berlim}]\n"),
        'unknown group "berlim" in moved; did you mean berlin?',
    ),
    (
        "bad-move",
        "fleet.yaml",
        fleet("  moved: [{from: §berlin, to: berlin}]\n"),
        'the group "berlin" is moved, and still declared at here/group.yaml:',
    ),
    (
        "bad-move",
        "fleet.yaml",
        fleet("  moved: [{from: a, to: berlin}, {from: §a, to: berlin}]\n"),
        'the group "a" is moved twice, first at here/fleet.yaml:',
    ),
    (
        "bad-move",
        "fleet.yaml",
        fleet("  moved: [{from: §a, to: b}, {from: b, to: a}]\n"),
        "moved leads in a circle: a → b → a",
    ),
    (
        "pin-without-deployed",
        "group.yaml",
        group(f"{CORE}  deployment: {{state: none, §groupVersionId: abc}}\n"),
        "groupVersionId has no meaning with state: none; take groupVersionId away, or write state: deployed",
    ),
    (
        "needs-cdf",
        "group.yaml",
        group("  cores: [{thingName: a, §cdfProvisioningParameters: {caId: x}}]\n"),
        "cdfProvisioningParameters needs a fleet whose provisioning is {provider: cdf}",
    ),
    (
        "outside-fleet",
        "group.yaml",
        group("  cores: [{thingName: a, csr: §../a.pem}]\n"),
        'csr "../a.pem" leaves the fleet',
    ),
    (
        "outside-fleet",
        "group.yaml",
        group("  cores: [{thingName: a, csr: §/etc/passwd}]\n"),
        'csr "/etc/passwd" leaves',
    ),
    (
        "unknown-file",
        "group.yaml",
        group("  cores: [{thingName: a, csr: §a.pem}]\n"),
        'csr names the file "a.pem", which does',
    ),
    (
        "unknown-file",
        "group.yaml",
        group(f"  cores: [{{thingName: a, csr: §{'MIIC' * 300}}}]\n"),
        "which does not exist; write a path in the fleet directory, or the request itself (-----BEGIN CERTIFICATE",
    ),
    (
        "unknown-file",
        "group.yaml",
        group("  cores: [{thingName: a, csr: §.}]\n"),
        'csr names the file ".", which is a directory; write a path',
    ),
    (
        "bad-csr",
        "group.yaml",
        group("  cores: [{thingName: a, csr: §fleet.yaml}]\n"),
        "csr holds no certificate signing request",
    ),
    (
        "bad-csr",
        "group.yaml",
        group('  cores: [{thingName: a, csr: §"-----BEGIN CERTIFICATE REQUEST-----\\nabc"}]\n'),
        "csr holds no certificate signing request in PEM; make one with: openssl req",
    ),
    (
        "outside-fleet",
        "group.yaml",
        group("  cores: [{thingName: a, provisioningTemplate: §../../x}]\n"),
        'provisioningTemplate "../../x" leaves the fleet directory; put the template into provisioning/NAME.json',
    ),
    (
        "unknown-token",
        "template.yaml",
        subscriptions(subscription("§${grupName}")),
        "unknown token ${grupName} in Id; did you mean ${groupName}?",
    ),
    (
        "unknown-token",
        "template.yaml",
        subscriptions(subscription(target="§${foo}")),
        "unknown token ${foo} in Target; the tokens are",
    ),
    (
        "unknown-token",
        "template.yaml",
        subscriptions(subscription("§${groupName")),
        "unknown token ${groupName in Id; close it with }",
    ),
    (
        "unknown-token",
        "template.yaml",
        functions('FunctionConfiguration: {Environment: {Variables: {A: §"x${HOME}"}}}'),
        "unknown token ${HOME} in an environment variable; the tokens are ${thingName}, ${thingType}",
    ),
    (
        "unknown-token",
        "group.yaml",
        group('  cores: [{thingName: a, parameters: {Serial: §"${serial}"}}]\n'),
        'unknown token ${serial} in the parameter "Serial"; the tokens are',
    ),
    (
        "token-without-value",
        "template.yaml",
        subscriptions(subscription("§${thingName}")),
        "${thingName} has no value here, where no thing is at hand; use ${core…} tokens, or move the subscription to",
    ),
    (
        "token-without-value",
        "template.yaml",
        functions('FunctionConfiguration: {Environment: {Variables: {A: §"${thingArn}"}}}'),
        "${thingArn} has no value in an environment variable; use ${coreThingArn} for the group's core",
    ),
    (
        "token-without-value",
        "template.yaml",
        functions('FunctionConfiguration: {Environment: {Variables: {A: §"${coreThingType}"}}}'),
        "${coreThingType} has no value in group berlin; declare the core's thingType, or take the token out",
    ),
    (
        "token-without-value",
        "template.yaml",
        subscriptions(subscription("§${labels.site}")),
        "${labels.site} has no value in group berlin; add metadata.labels.site to the group, or take the token out",
    ),
    (
        "token-without-value",
        "group.yaml",
        group('  devices: [{thingName: a, parameters: {Core: §"${coreThingName}"}}]\n'),
        "${coreThingName} has no value; declare a core in the group, or take the token out",
    ),
    (
        "token-without-value",
        "group.yaml",
        group(f"  devices: [{{thingName: a, subscriptions: [{subscription('§${thingType}')}]}}]\n"),
        "${thingType} has no value; declare thingType for each such thing, or take the token out",
    ),
    (
        "duplicate-id",
        "template.yaml",
        definitions(
            "loggers: {Loggers: [{Id: a, Component: Lambda, Level: INFO, Type: FileSystem}, "
            "{Id: §a, Component: Lambda, Level: INFO, Type: FileSystem}]}"
        ),
        'the Id "a" stands twice among loggers, first at here/template.yaml:8:',
    ),
    (
        "duplicate-id",
        "template.yaml",
        subscriptions(f"{subscription('a')}, {subscription('§a')}"),
        'the subscription Id "a" comes up twice in group berlin; give each an Id of its own',
    ),
    (
        "duplicate-id",
        "group.yaml",
        group(
            f"  devices: [{{thingName: a, subscriptions: [{subscription('a-1')}, {subscription('§${thingName}-1')}]}}]\n"  # noqa: E501 # one line of YAML
        ),
        'the subscription Id "${thingName}-1" comes up twice; give each an Id of its own',
    ),
    (
        "bad-arn",
        "template.yaml",
        functions("FunctionArn: §press"),
        'FunctionArn is "press", which is no ARN; write arn:aws:',
    ),
    (
        "bad-arn",
        "template.yaml",
        functions('FunctionArn: §"arn:aws:s3:::bucket"'),
        "which names no Lambda function; write arn:aws:lambda",
    ),
    (
        "bad-arn",
        "template.yaml",
        functions('FunctionArn: §"arn:aws:lambda:${region}:1:function:a:1"'),
        "which is no ARN; write arn:aws:",
    ),
    (
        "unqualified-function",
        "template.yaml",
        functions(f"FunctionArn: §{PRESS[:-2]}"),
        (
            f"FunctionArn names no version or alias, which Greengrass V1 does not take; add a version or"
            f" an alias, such as {PRESS[:-2]}:1"
        ),
    ),
    (
        "unqualified-function",
        "template.yaml",
        functions(f"FunctionArn: §{PRESS[:-1]}$LATEST"),
        "FunctionArn names the version $LATEST",
    ),
    (
        "other-region",
        "template.yaml",
        functions(f"FunctionArn: §{PRESS.replace('eu-central-1', 'us-east-1')}"),
        "FunctionArn is in the region us-east-1, but the fleet is in eu-central-1; name one in eu-central-1",
    ),
    (
        "other-region",
        "template.yaml",
        definitions(f"connectors: {{Connectors: [{{Id: a, ConnectorArn: §{SNS.replace('central', 'west')}}}]}}"),
        "ConnectorArn is in the region eu-west-1, but the fleet is in eu-central-1",
    ),
    (
        "other-region",
        "template.yaml",
        definitions(
            "resources: {Resources: [{Id: a, Name: a, ResourceDataContainer: {SecretsManagerSecretResourceData: "
            "{ARN: §'arn:aws:secretsmanager:us-east-1:123456789012:secret:a'}}}]}"
        ),
        "ARN is in the region us-east-1, but the fleet is in eu-central-1",
    ),
    (
        "other-region",
        "group.yaml",
        group(
            "  cores: [{thingName: a, subscriptions: "
            f"[{subscription(source='§arn:aws:iot:us-east-1:123456789012:thing/a')}]}}]\n"
        ),
        "Source is a thing in the region us-east-1, but the fleet is in eu-central-1; write ${region} in its place",
    ),
    (
        "other-account",
        "group.yaml",
        group(
            "  cores: [{thingName: a, subscriptions: "
            f"[{subscription(source='§arn:aws:iot:eu-central-1:210987654321:thing/a')}]}}]\n"
        ),
        (
            "Source is a thing of the account 210987654321, but "
            "the fleet's is 123456789012; write ${accountId} in its place"
        ),
    ),
    (
        "other-account",
        "template.yaml",
        functions(f"FunctionArn: §{PRESS.replace('123456789012', '210987654321')}"),
        "FunctionArn belongs to the account 210987654321, but the fleet's is 123456789012; name one of the account",
    ),
    (
        "other-account",
        "template.yaml",
        definitions(
            "resources: {Resources: [{Id: a, Name: a, ResourceDataContainer: {SecretsManagerSecretResourceData: "
            "{ARN: §'arn:aws:secretsmanager:eu-central-1:210987654321:secret:a'}}}]}"
        ),
        "ARN belongs to the account 210987654321, but the fleet's is 123456789012",
    ),
    (
        "other-account",
        "fleet.yaml",
        fleet("  bulkDeployments: {bucket: bulk, executionRoleArn: §'arn:aws:iam::210987654321:role/bulk'}\n"),
        (
            "executionRoleArn belongs to the account 210987654321, but "
            "the fleet's is 123456789012; name one of the account"
        ),
    ),
    (
        "bad-arn",
        "fleet.yaml",
        fleet("  bulkDeployments: {bucket: bulk, executionRoleArn: §bulk}\n"),
        'executionRoleArn is "bulk", which names no role; write arn:aws:iam::123456789012:role/NAME',
    ),
    (
        "unknown-resource",
        "template.yaml",
        definitions(
            "functions: {Functions: [{Id: a, FunctionConfiguration: {Environment: {ResourceAccessPolicies: "
            "[{ResourceId: §spol}]}}}]}\n    resources: {Resources: [{Id: spool, Name: spool, "
            "ResourceDataContainer: {LocalVolumeResourceData: {}}}]}"
        ),
        'the resource "spol" is not among this template\'s resources; did you mean spool?',
    ),
    (
        "unknown-endpoint",
        "template.yaml",
        subscriptions(subscription(target="§clod")),
        'Target "clod" names nothing that is there in group berlin; did you mean cloud?',
    ),
    (
        "unknown-endpoint",
        "template.yaml",
        definitions(
            f"functions: {{Functions: [{{Id: a, FunctionArn: '{PRESS}'}}]}}\n"
            f"    subscriptions: {{Subscriptions: [{subscription(source='§' + PRESS[:-1] + '5')}]}}"
        ),
        f"did you mean {PRESS}?",
    ),
    (
        "unknown-endpoint",
        "group.yaml",
        group(
            "  cores: [{thingName: core}]\n  devices: [{thingName: press, subscriptions: "
            f"[{subscription(target='§arn:aws:iot:eu-central-1:123456789012:thing/pres')}]}}]\n"
        ),
        'Target names the thing "pres", which is not a core or device; did you mean press?',
    ),
    (
        "unknown-endpoint",
        "template.yaml",
        template(
            "  source: {groupId: a, groupVersionId: b}\n  deviceSubscriptions:\n"
            f"    '*': [{subscription('${thingName}', target='§nothing')}]\n"
        ),
        'Target "nothing" names nothing that is there in group berlin',
    ),
    (
        "too-many-functions",
        "template.yaml",
        definitions(f"functions: {{§Functions: [{', '.join(f'{{Id: f{n}}}' for n in range(201))}]}}"),
        "the template has 201 functions; Greengrass V1 takes 200 in a group; take some away",
    ),
    (
        "too-many-resources",
        "template.yaml",
        definitions(
            "resources: {§Resources: ["
            + ", ".join(
                f"{{Id: r{n}, Name: r{n}, ResourceDataContainer: {{LocalVolumeResourceData: {{}}}}}}"
                for n in range(201)
            )
            + "]}"
        ),
        "the template has 201 resources; Greengrass V1 takes 200 in a group",
    ),
    (
        "too-many-cloud-subscriptions",
        "template.yaml",
        subscriptions(", ".join(subscription(f"s{n}") for n in range(51))).replace(
            "Subscriptions: [", "§Subscriptions: ["
        ),
        "the template has 51 subscriptions with the source cloud; Greengrass V1 takes 50; take several topics together",
    ),
    (
        "too-many-cloud-subscriptions",
        "group.yaml",
        group(
            "  devices: [{thingName: a, subscriptions: ["
            + ", ".join(subscription(f"s{n}") for n in range(51))
            + "]}]\n"
        ).replace("name: berlin", "name: §berlin"),
        "the group berlin has 51 subscriptions with the source cloud; Greengrass V1 takes 50",
    ),
    (
        "too-many-devices",
        "group.yaml",
        group(f"  devices: [{', '.join(f'{{thingName: d{n}}}' for n in range(2501))}]\n").replace(
            "name: berlin", "name: §berlin"
        ),
        "the group berlin has 2,501 devices; Greengrass V1 takes 2,500; spread them over several groups",
    ),
    (
        "duplicate-key",
        "group.yaml",
        group("  adopt: true\n  §adopt: false\n"),
        'the key "adopt" stands twice in this mapping, first in line 6, column 3; keep one',
    ),
]


@pytest.mark.parametrize(("rule", "file", "text", "message"), CASES)
def test_rule(rule: str, file: str, text: str, message: str, fleets: Any) -> None:
    problem = fleets.one_problem({file: text})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"
