#!/bin/sh
# The smoke test of a deployment: Terrace runs it after the apply (`smoke` in terrace.yaml), with the outputs of the
# stack as variables TERRACE_OUTPUT_NAME. If it fails, the deployment fails.
set -eu

test -n "${TERRACE_OUTPUT_SERVICE:-}" || { echo "the stack has no output named service" >&2; exit 1; }
test "${TERRACE_OUTPUT_REPLICAS:-0}" -ge 1 || { echo "$TERRACE_OUTPUT_SERVICE has no copy" >&2; exit 1; }
# Replace this with a request to your service: curl --fail --silent "https://$HOST/health"
echo "$TERRACE_OUTPUT_SERVICE has $TERRACE_OUTPUT_REPLICAS copies"
