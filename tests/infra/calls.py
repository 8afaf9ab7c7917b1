"""The AWS operations that the product's code can call, read from the code itself, and the IAM actions they need."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.runtimes.v1.families import FAMILIES

PACKAGE = Path(__file__).parents[2] / "reconciler"
OTHERS = ("sandbox", "execution/doctor", "github")
"""Whose calls need no policy: AWS on this machine, GitHub, and the doctor, who says what it may not look at."""
CALLS = frozenset({"call", "pages", "listed"})
"""The methods of ``reconciler.aws.client.Aws`` that take a service and an operation."""

JOB_READS = ("iot:DescribeJob", "iot:DescribeThing", "iot:DescribeThingGroup", "iot:GetThingShadow")
JOB_WRITES = ("iot:CancelJob", "iot:DeleteThingShadow", "iot:UpdateJob", "iot:UpdateThingShadow")
ACTIONS: Mapping[str, frozenset[str]] = {
    "sts:GetCallerIdentity": frozenset(),  # needs no permission
    "s3:ListObjectsV2": frozenset({"s3:ListBucket"}),
    "s3:DeleteObjects": frozenset({"s3:DeleteObject"}),
    "lambda:Invoke": frozenset({"lambda:InvokeFunction"}),
    "dynamodb:TransactWriteItems": frozenset({"dynamodb:PutItem"}),  # the ledger transacts nothing but puts
    "sqs:SendMessageBatch": frozenset({"sqs:SendMessage"}),
    "sqs:DeleteMessageBatch": frozenset({"sqs:DeleteMessage"}),
    "sqs:ChangeMessageVisibilityBatch": frozenset({"sqs:ChangeMessageVisibility"}),
    "s3:HeadObject": frozenset({"s3:GetObject"}),
    # V2 deploys by jobs and shadows, for its caller (Service Authorization Reference, "AWS IoT Greengrass V2":
    # dependent actions).
    "greengrassv2:ListDeployments": frozenset({"greengrass:ListDeployments", *JOB_READS}),
    "greengrassv2:GetDeployment": frozenset({"greengrass:GetDeployment", *JOB_READS}),
    "greengrassv2:ListEffectiveDeployments": frozenset(
        {"greengrass:ListEffectiveDeployments", "iot:DescribeJobExecution", *JOB_READS}
    ),
    "greengrassv2:CreateDeployment": frozenset(
        {"greengrass:CreateDeployment", "iot:CreateJob", *JOB_READS, *JOB_WRITES}
    ),
    "greengrassv2:CancelDeployment": frozenset({"greengrass:CancelDeployment", *JOB_READS, *JOB_WRITES}),
    "greengrassv2:DeleteDeployment": frozenset({"greengrass:DeleteDeployment", "iot:DeleteJob"}),
    "greengrass:StartBulkDeployment": frozenset({"greengrass:StartBulkDeployment", "iam:PassRole"}),
    # It carries out a template by these calls, for its caller (AWS IoT API reference: it "calls other AWS IoT control
    # plane APIs"). AWS's own role for provisioning, AWSIoTThingsRegistration, has them and more.
    "iot:RegisterThing": frozenset(
        f"iot:{action}"
        for action in (
            "RegisterThing",
            "AddThingToThingGroup",
            "AttachPolicy",
            "AttachThingPrincipal",
            "CreateCertificateFromCsr",
            "CreatePolicy",
            "CreateThing",
            "DescribeThingGroup",
            "GetPolicy",
            "UpdateCertificate",
            "UpdateThing",
        )
    ),
}
"""What an operation needs where that is not the action of its own name."""


def actions_of(operation: str) -> frozenset[str]:
    """The IAM actions that a ``service:Operation`` needs. Both versions of Greengrass have one prefix in IAM."""
    return ACTIONS.get(operation, frozenset({operation.replace("greengrassv2:", "greengrass:")}))


def operations() -> dict[str, str]:
    """Every ``service:Operation`` that the product can call, with a place that calls it."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not any(path.is_relative_to(PACKAGE / part) for part in OTHERS):
            for operation, line in operations_in(path.read_text(encoding="utf-8")):
                found.setdefault(operation, f"{path.relative_to(PACKAGE.parent)}:{line}")
    return found


def operations_in(source: str) -> Iterator[tuple[str, int]]:
    """Every ``service:Operation`` that a module can call, and the line.

    Raises ValueError for an operation that cannot be told from the source.
    """
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
            continue
        if len(node.args) < 2 or not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
            continue
        service = node.args[0].value
        around = [function for function in functions if function.lineno <= node.lineno <= (function.end_lineno or 0)]
        for name in _names(node.args[1], around[-1] if around else None, tree):
            yield f"{service}:{name}", node.lineno


def _names(node: ast.expr, function: ast.FunctionDef | None, tree: ast.Module) -> Iterator[str]:
    """The operations that an argument can stand for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "operation":
        parts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        yield from (family.operation(*map(str, parts)) for family in FAMILIES.values())
    elif isinstance(node, ast.Name) and function is not None:
        yield from _named(node.id, function, tree)
    else:
        raise ValueError(f"line {node.lineno}: which operation is called cannot be told from `{ast.unparse(node)}`")


def _named(name: str, function: ast.FunctionDef, tree: ast.Module) -> Iterator[str]:
    """The operations behind a name: what is assigned to it, or what the function's callers in its module hand over."""
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets)
    ]
    parameters = [argument.arg for argument in function.args.args if argument.arg != "self"]
    if name in parameters:
        position = parameters.index(name)
        given += [
            node.args[position]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
            == function.name
            and len(node.args) > position
        ]
    if not given:
        raise ValueError(f"line {function.lineno}: nobody says which operation `{name}` is")
    for value in given:
        yield from _names(value, function, tree)
