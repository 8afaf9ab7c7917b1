"""The package of the functions: what is in it, what is left out, and that it is the same for the same content."""

import zipfile
from pathlib import Path

import pytest

from infra.package import PLATFORMS, RUNTIMES, SERVICES, PackageError, archive, build, main, strip
from tests.infra.calls import operations
from tests.infra.templates import template


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What an installation leaves, made small."""
    files = [
        "reconciler/__init__.py",
        "reconciler/__pycache__/__init__.cpython-313.pyc",
        "bin/reconcile",
        "greengrass_reconciler-0.1.0.dist-info/METADATA",
        "greengrass_reconciler-0.1.0.dist-info/direct_url.json",
        "greengrass_reconciler-0.1.0.dist-info/RECORD",
        "botocore/data/endpoints.json",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        *(f"botocore/data/{service}/1/service-2.json.gz" for service in SERVICES),
    ]
    for file in files:
        path = tmp_path / "tree" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file, encoding="utf-8")
    return tmp_path / "tree"


def test_the_services_are_those_that_the_code_calls() -> None:
    called = {operation.partition(":")[0] for operation in operations()}
    assert called | {"lambda"} == SERVICES  # CDF's function is invoked without naming an operation


def test_it_is_made_for_what_the_template_allows() -> None:
    parameters = template()["Parameters"]
    assert list(RUNTIMES) == parameters["FunctionRuntime"]["AllowedValues"]
    assert set(PLATFORMS) == set(parameters["FunctionArchitecture"]["AllowedValues"])


def test_what_no_function_needs_is_left_out(tree: Path) -> None:
    strip(tree)
    left = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert left == {
        "reconciler/__init__.py",
        "greengrass_reconciler-0.1.0.dist-info/METADATA",
        "botocore/data/endpoints.json",
        *(f"botocore/data/{service}/1/service-2.json.gz" for service in SERVICES),
    }


def test_a_botocore_without_greengrass_makes_no_package(tree: Path) -> None:
    model = tree / "botocore/data/greengrass/1/service-2.json.gz"
    model.unlink()
    model.parent.rmdir()
    model.parent.parent.rmdir()
    with pytest.raises(PackageError, match="no model of greengrass"):
        strip(tree)


def test_the_same_content_makes_the_same_bytes_that_everybody_may_read(tree: Path, tmp_path: Path) -> None:
    archive(tree, tmp_path / "one.zip")
    for path in tree.rglob("*"):
        path.chmod(0o700)
        path.touch()
    archive(tree, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as made:
        assert "reconciler/__init__.py" in made.namelist()
        assert {entry.external_attr >> 16 & 0o777 for entry in made.infolist()} == {0o644}


def test_what_uv_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.package.REPOSITORY", tmp_path)  # no project
    assert main(["--output", str(tmp_path / "functions.zip")]) == 1
    assert "error: uv build" in capsys.readouterr().err
    assert not (tmp_path / "functions.zip").exists()


@pytest.mark.long
@pytest.mark.parametrize("architecture", PLATFORMS)
def test_the_package_holds_the_project_and_what_it_needs_and_no_tests(architecture: str, tmp_path: Path) -> None:
    digest = build("python3.13", architecture, tmp_path / "functions.zip")
    with zipfile.ZipFile(tmp_path / "functions.zip") as made:
        names = set(made.namelist())
    assert len(digest) == 64
    assert {"reconciler/execution/lambda_handlers.py", "reconciler/schemas/fleet.schema.json"} <= names
    assert {
        f"{package}/__init__.py" for package in ("boto3", "botocore", "yaml", "jsonschema", "cryptography")
    } <= names
    assert any(name.startswith("yaml/_yaml.cpython-313-") for name in names)
    assert not [name for name in names if name.startswith(("moto/", "tests/", "click/__pycache__"))]
    assert (tmp_path / "functions.zip").stat().st_size < 50 * 1024 * 1024  # what may be uploaded without a bucket
