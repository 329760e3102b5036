# METADATA
# title: A disk is not encrypted
# description: >-
#   Anyone who gets a snapshot of it, for example by accidental sharing, can read it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
# custom:
#   id: aws-ebs-encrypted
#   severity: high
#   family: disk-encryption
#   types: [aws_ebs_volume, aws_instance, aws_launch_template, aws_ebs_snapshot_copy]
#   controls: [ec2_ebs_volume_encryption, ec2_ebs_snapshots_encrypted]
#   remediation: >-
#     Set encrypted = true on the volume or in its block; aws_ebs_encryption_by_default does it for a whole
#     region.
package terrace.aws.ebs_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.inheriting(lib.must({"aws_ebs_volume", "aws_ebs_snapshot_copy"}, ["encrypted"], {true}), ["encrypted"], ["snapshot_id"])
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"aws_instance"}, ["root_block_device", 0, "encrypted"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"aws_instance"}, ["ebs_block_device", "*", "encrypted"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"aws_launch_template"}, ["block_device_mappings", "*", "ebs", 0, "encrypted"], {"true", true})
}

# Where none is written the whole block is unknown, for the image may bring some: that would be said of every machine.
