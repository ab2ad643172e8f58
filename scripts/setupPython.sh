#!/bin/sh
# Makes .cache/python, a virtual environment with torch, transformers and peft, for the tests and benchmarks that compare
# with them. Nothing else needs Python: when it cannot be made, say so and succeed. Run it again at any time.
cd "$(dirname "$0")/.." || exit 1
venv=.cache/python

give_up() {
  echo "setupPython: $1; the comparisons with transformers will be skipped" >&2
  exit 0
}

ready() {
  "$venv/bin/python" -c 'import torch, transformers, peft' >/dev/null 2>&1
}

if ready; then
  echo "setupPython: $venv is ready"
  exit 0
fi
command -v python3 >/dev/null 2>&1 || give_up 'there is no python3'
[ -x "$venv/bin/python" ] || python3 -m venv "$venv" || give_up 'python3 -m venv failed (is the venv module installed?)'
"$venv/bin/python" -m pip install --quiet --retries 0 torch transformers peft || give_up 'pip install failed'
ready || give_up 'the libraries are installed but cannot be imported'
echo "setupPython: $venv is ready"
