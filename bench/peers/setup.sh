#!/bin/sh
# Builds .venv beside this script from requirements.txt. Needs Python 3.11, a C++ compiler
# (torch.compile) and 7 GB of disk; PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")"
free=$(df -Pk . | awk 'NR==2 {print int($4 / 1048576)}')
if [ ! -x .venv/bin/python ] && [ "$free" -lt 10 ]; then
	echo "setup.sh: disk space (got $free GiB, want 10)" >&2
	exit 1
fi
"${PYTHON:-python3.11}" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
	echo "setup.sh: Python (want 3.11; set PYTHON)" >&2
	exit 1
}
command -v c++ >/dev/null || echo "setup.sh: no c++ found: torch.compile will not work" >&2
[ -x .venv/bin/python ] || "${PYTHON:-python3.11}" -m venv .venv
# LIBMF has no wheel; it is built for this processor and with its AVX code, which the default leaves out.
CFLAGS="-O3 -march=native -DUSEAVX" .venv/bin/pip install --quiet --no-cache-dir -r requirements.txt
.venv/bin/python - <<'END'
import implicit, jax, sklearn, surprise, torch, transformers
print("torch", torch.__version__, "jax", jax.__version__, "scikit-learn", sklearn.__version__, "transformers", transformers.__version__,
      "surprise", surprise.__version__, "implicit", implicit.__version__)
END
