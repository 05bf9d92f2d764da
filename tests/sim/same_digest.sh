#!/bin/bash
# Two builds of diemcau-sim (Debug and Release, say) must give one digest for one scenario and seed.
# usage: same_digest.sh SIM_A SIM_B [SCENARIO] [SEED]
set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
scenario=${3:-$root/configs/province-4.toml}
seed=${4:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

digest_of() {
  "$1" run "$scenario" --seed "$seed" --out "$work/$2" | sed -n 's/^digest //p'
}
a=$(digest_of "$1" a)
b=$(digest_of "$2" b)
if [ -z "$a" ] || [ "$a" != "$b" ]; then
  echo "digests differ for $scenario, seed $seed: $1 says '$a', $2 says '$b'" >&2
  exit 1
fi
echo "same digest $a for $scenario, seed $seed"
