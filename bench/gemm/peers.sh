#!/bin/sh
# Fetches OpenBLAS (the wheel that SciPy builds) into peers/. Needs pip and unzip.
set -eu
version=${OPENBLAS_VERSION:-0.3.34.481.3}
cd "$(dirname "$0")"
mkdir -p peers
python3 -m pip download -q --no-deps --only-binary=:all: "scipy-openblas32==$version" -d peers
unzip -o -q "peers/scipy_openblas32-$version-"*.whl -d peers
cp peers/scipy_openblas32/lib/libscipy_openblas.so peers/libopenblas.so
echo "peers/libopenblas.so: scipy-openblas32 $version"
