"""Packages the Lambda functions: the project with all it needs at run time, as one zip for one runtime.

    python infra/package.py --runtime python3.13 --architecture x86_64 --output dist/functions.zip

boto3 goes in, though Lambda has one: Lambda's changes without notice, and nothing promises that it goes on knowing
Greengrass V1. Of botocore's service models only those that the code calls do (SERVICES): the rest is most of its size.
The same sources and constraints make the same bytes, so a package whose digest is the same need not be deployed.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parents[1]
RUNTIMES = ("python3.11", "python3.12", "python3.13")
"""Those that infra/template.yaml allows, and the project runs on."""
PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
"""Of compiled modules. python3.11 runs on Amazon Linux 2, whose glibc (2.26) is too old for newer ones."""
SERVICES = frozenset(
    {
        "cloudformation",
        "dynamodb",
        "greengrass",
        "greengrassv2",
        "iot",
        "lambda",
        "s3",
        "secretsmanager",
        "sqs",
        "sts",
    }
)
"""What the code speaks to, by boto3's names."""
NEEDLESS = ("bin", "**/__pycache__", "*.dist-info/RECORD", "*.dist-info/direct_url.json", "*.dist-info/uv_cache.json")
"""Commands, and what differs from one build to the next."""
LARGEST = 250 * 1024 * 1024
"""Bytes of a function's code unzipped, at most (Lambda quotas)."""
BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold, in place of the time of the build."""


class PackageError(Exception):
    """Why there is no package."""


def build(runtime: str, architecture: str, output: Path) -> str:
    """Make the package of the project in this repository; its SHA-256 digest.

    Raises PackageError if it cannot be put together, or is too large for Lambda.
    """
    with TemporaryDirectory() as directory:
        wheels, tree = Path(directory) / "wheels", Path(directory) / "tree"
        _uv("build", "--quiet", "--wheel", "--out-dir", str(wheels), str(REPOSITORY))
        (wheel,) = wheels.glob("*.whl")
        _uv(
            "pip", "install", "--quiet", "--target", str(tree), "--python", sys.executable,
            "--python-version", runtime.removeprefix("python"), "--python-platform", PLATFORMS[architecture],
            "--only-binary", ":all:", "--constraint", str(REPOSITORY / "constraints.txt"), str(wheel),
        )  # fmt: skip
        strip(tree)
        size = sum(path.stat().st_size for path in tree.rglob("*"))
        if size > LARGEST:
            raise PackageError(f"the package has {size:,} bytes unzipped, and Lambda takes {LARGEST:,}")
        output.parent.mkdir(parents=True, exist_ok=True)
        archive(tree, output)
    return hashlib.sha256(output.read_bytes()).hexdigest()


def strip(tree: Path) -> None:
    """Take out of an installed tree what no function needs."""
    found = [path for pattern in NEEDLESS for path in tree.glob(pattern)]
    models = tree / "botocore" / "data"
    found += [path for path in models.iterdir() if path.is_dir() and path.name not in SERVICES]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    if missing := sorted(SERVICES - {path.name for path in models.iterdir()}):
        raise PackageError(f"botocore has no model of {', '.join(missing)}: is it another botocore than was tested?")


def archive(tree: Path, output: Path) -> None:
    """Zip a tree. Names, order, times and modes depend on nothing but the tree's content."""
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), BEGINNING)
            entry.external_attr = 0o100644 << 16  # Lambda's user must be able to read it
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, path.read_bytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its exit code."""
    parser = argparse.ArgumentParser(description="Package the code of the Lambda functions.")
    parser.add_argument("--runtime", choices=RUNTIMES, default="python3.13", help="FunctionRuntime of the stack")
    parser.add_argument("--architecture", choices=sorted(PLATFORMS), default="x86_64", help="FunctionArchitecture")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist" / "functions.zip")
    given = parser.parse_args(arguments)
    try:
        digest = build(given.runtime, given.architecture, given.output)
    except PackageError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    megabytes = given.output.stat().st_size / 1024 / 1024
    sys.stdout.write(f"{given.output}: {given.runtime}, {given.architecture}, {megabytes:.1f} MB, SHA-256 {digest}\n")
    return 0


def _uv(*arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "uv"), *arguments]
    try:
        ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise PackageError(f"running uv: {error}; `make package` has it") from error
    if ran.returncode:
        raise PackageError(f"uv {' '.join(arguments[:2])}: {ran.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
