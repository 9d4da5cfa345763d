#!/bin/sh
# Builds cache/libllmc.so from a checkout of llm.c, with the flags of its Makefile: llmc.sh DIR [CFLAGS...]
# DIR: git clone https://github.com/karpathy/llm.c (measured: f1e2ace651495b74ae22d45d1723443fd00ecd3a)
set -eu
if [ $# -lt 1 ] || [ ! -f "$1/train_gpt2.c" ]; then
	echo "llmc.sh: train_gpt2.c (want: llmc.sh DIR, a checkout of llm.c)" >&2
	exit 1
fi
source=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
mkdir -p cache
"${CC:-cc}" -Ofast -march=native -fopenmp -DOMP -DTESTING -w "$@" \
	-shared -fPIC -I"$source" -o cache/libllmc.so "$source/train_gpt2.c" -lm -lgomp
