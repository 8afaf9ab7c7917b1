#!/usr/bin/env bash
# The demo: a fleet on AWS in a box, from nothing to a rolled-out change. Run it with `make demo`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
export RECONCILE_SANDBOX_HOME=$work/sandbox
trap 'reconcile sandbox stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
cp -r "$here/desired-state" "$work/fleet"
cd "$work"

say() { printf '\n# %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
edit() { printf "$ sed -i '%s' %s\n" "$1" "$2"; sed -i "$1" "$2"; }

say "AWS on this machine, in one process: nothing leaves it."
run reconcile sandbox start
echo '$ eval "$(reconcile sandbox env)"'
eval "$(reconcile sandbox env)"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
run aws s3 mb s3://fleet-artifacts
run aws s3 mb s3://fleet-bulk

say "What the files in fleet/ ask for, against an account that has none of it. A plan changes nothing."
run reconcile plan fleet

say "Carry it out: keys and certificates, definitions, group versions, deployments; then wait for the cores."
run reconcile apply fleet --yes

say "Every core runs what its group's target version says, and a second plan finds nothing to do."
run reconcile status fleet
run reconcile plan fleet

say "Raise the target version of one group, as a pull request would: berlin-line-1 goes to line-controller 2."
edit '0,/version: 1}/s//version: 2}/' fleet/groups/berlin.yaml
run reconcile plan fleet

say "Only that group gets new definitions, a new group version and a deployment."
run reconcile apply fleet --yes
run reconcile status fleet
run reconcile plan fleet

say "The same for a group of Greengrass V2: munich-hall-2 goes to gateway 2."
edit 's/name: gateway, version: 1/name: gateway, version: 2/' fleet/groups/munich-hall-2.yaml
run reconcile plan fleet
run reconcile apply fleet --yes
run reconcile status fleet
run reconcile plan fleet

say "That was it. The same files and commands work on a real account; README.md says how to go on."
