# METADATA
# title: A key is never rotated
# description: >-
#   Rotation limits the data that is exposed if one key version leaks.
# related_resources:
#   - ref: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
# custom:
#   id: aws-kms-rotation
#   severity: medium
#   family: key-rotation
#   types: [aws_kms_key]
#   controls: [kms_cmk_rotation_enabled]
#   remediation: >-
#     Set enable_key_rotation = true.
package terrace.aws.kms_rotation

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must({"aws_kms_key"}, ["enable_key_rotation"], {true})
	not _other(problem.resource)
}

# Only keys that encrypt with one secret can be rotated.
_other(key) if {
	spec := lib.known(key, ["customer_master_key_spec"])
	not spec in {null, "SYMMETRIC_DEFAULT"}
}

_other(key) if {
	usage := lib.known(key, ["key_usage"])
	not usage in {null, "ENCRYPT_DECRYPT"}
}
