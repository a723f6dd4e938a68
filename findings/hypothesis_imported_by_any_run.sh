#!/usr/bin/env bash
# A pytest run that has nothing to do with Hypothesis imports all of it, once Hypothesis is installed.
# Release:       hypothesis 6.170.17, with pytest 9.2.0
# What happens:  the summary at the end of any run imports hypothesis, for about a tenth of a second. A package that
#                depends on Hypothesis costs that to every test run of every environment that it is installed in.
# Natural guess: as the plugin's own docstring says, nothing is imported "unless and until the user explicitly runs
#                `import hypothesis`": the plugin was made a module of its own for that.
# Source:        _hypothesis_pytestplugin.py, pytest_terminal_summary: from hypothesis.internal.observability import
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q hypothesis==6.170.17 pytest==9.2.0
fi
cat > "$work/test_plain.py" <<'EOF'
import sys


def test_plain():
    assert "hypothesis" not in sys.modules
EOF
cat > "$work/conftest.py" <<'EOF'
import sys


def pytest_unconfigure():
    print("hypothesis is imported:", "hypothesis" in sys.modules)
EOF
cd "$work"
PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 "$PY" -m pytest -q -p hypothesispytest -p no:cacheprovider test_plain.py | tee output
grep -q "1 passed" output
grep -q "hypothesis is imported: True" output || { echo "the behaviour has changed" >&2; exit 1; }
