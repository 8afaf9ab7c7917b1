"""Whatever the files hold, loading ends with a desired state or with problems, never with another error."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings, strategies as st

from reconciler.desired.load import load
from reconciler.model.errors import ConfigurationError, Problem

SOUND = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: demo}
spec: {account: "123456789012", region: eu-central-1, limits: {iot: 3}, provisioning: {provider: iot}}
---
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec:
  version: 3
  runtime: greengrass/v1
  definitions:
    functions:
      Functions:
        - Id: press
          FunctionArn: arn:aws:lambda:eu-central-1:123456789012:function:press:4
          FunctionConfiguration:
            Environment: {Variables: {CORE: "${coreThingName}"}, ResourceAccessPolicies: [{ResourceId: a}]}
    resources: {Resources: [{Id: a, Name: a, ResourceDataContainer: {LocalVolumeResourceData: {}}}]}
    subscriptions: {Subscriptions: [{Id: up, Source: cloud, Subject: a, Target: "${coreThingArn}"}]}
  deviceSubscriptions:
    "*": [{Id: "${thingName}", Source: "${thingArn}", Subject: "${labels.site}", Target: cloud}]
---
apiVersion: reconciler/v1
kind: Group
metadata: {name: g, labels: &l {site: a}}
spec:
  template: {name: line, version: 3}
  cores: [{thingName: c, parameters: {A: "${groupName}"}}]
  devices: [{thingName: d, thingType: t, csr: x.pem}, {thingName: e, provisioningTemplate: p}]
  deployment: {state: deployed, redeploy: 3}
---
apiVersion: reconciler/v1
kind: Device
metadata: {name: f, labels: {<<: *l, b: c}}
spec: {group: g, role: device}
---
apiVersion: reconciler/v1
kind: Template
metadata: {name: gateway}
spec:
  version: 1
  runtime: greengrass/v2
  deployment:
    components:
      a.b: {componentVersion: 1.0.0, configurationUpdate: {reset: [""], merge: {x: ["${groupName} $${y}"]}}}
    iotJobConfiguration: {timeoutConfig: {inProgressTimeoutInMinutes: 3}}
---
apiVersion: reconciler/v1
kind: Component
metadata: {name: a.b}
spec:
  version: 1.0.0
  recipe: {RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: "${artifacts}/fleet.yaml"}]}]}
  artifacts: [fleet.yaml]
---
apiVersion: reconciler/v1
kind: Group
metadata: {name: h}
spec:
  template: {name: gateway, version: 1}
  configuration: {a.b: {x: {}}}
  cores: [{thingName: i, configuration: {a.b: {x: "${thingName}"}}}]
  devices: [{thingName: j, cores: [i]}]
"""
PIECES = [
    *SOUND.split(),
    "!!python/object:os.system",
    "*l",
    "&l",
    "<<:",
    "\t",
    "{",
    "}",
    "[",
    "]",
    '"',
    "\0",
    "é",
    "---",
]
PIECES += ["${", "null", "12", "true", "- ", ": ", "\n", "..", "/etc/passwd", "| ", "{{", "?"]


def load_bytes(data: bytes, name: str = "fleet.yaml") -> None:
    with TemporaryDirectory() as directory:
        Path(directory, "fleet.yaml").write_text(SOUND)
        Path(directory, name).parent.mkdir(exist_ok=True)
        Path(directory, name).write_bytes(data)
        problems: tuple[Problem, ...] = ()
        try:
            load(Path(directory))
        except ConfigurationError as error:
            problems = error.problems
        assert all(problem.hint and problem.message and problem.position.line for problem in problems)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    load_bytes(data)
    load_bytes(data, "provisioning/p.json")


@given(st.integers(0, 2**32))
@example(0)
def test_sound_files_with_pieces_changed(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 # no secret
    text = SOUND
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(text))
        end = min(len(text), place + chance.choice([0, 0, 1, 5, 40]))
        text = text[:place] + chance.choice(PIECES) + text[end:]
    load_bytes(text.encode("utf-8", "surrogatepass"))


@given(st.integers(0, 2**32))
def test_sound_files_with_words_changed(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 # no secret
    words = SOUND.replace("\n", " \n ").split(" ")
    for _ in range(chance.randint(1, 6)):
        words[chance.randrange(len(words))] = chance.choice(PIECES)
    load_bytes(" ".join(words).encode())
