# METADATA
# title: The metadata service responds without a session token
# description: >-
#   If an attacker can make the server request a chosen URL (SSRF), that is enough to steal its credentials.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
# custom:
#   id: aws-imdsv2
#   severity: high
#   family: metadata-service
#   types: [aws_instance, aws_launch_template]
#   controls: [ec2_instance_imdsv2_enabled, ec2_launch_template_imdsv2_required]
#   remediation: >-
#     metadata_options { http_tokens = "required" }
package terrace.aws.imdsv2

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must({"aws_instance", "aws_launch_template"}, ["metadata_options", 0, "http_tokens"], {"required"})
	not lib.holds(problem.resource, ["metadata_options", 0, "http_endpoint"], {"disabled"})
	not _by_template(problem.resource)
}

# An instance takes what it does not set from its launch template, which is judged itself.
_by_template(resource) if {
	resource.type == "aws_instance"
	not lib.is_set(resource, ["metadata_options", 0, "http_tokens"])
	some block in object.get(resource, ["origins", "launch_template"], [])
	contains(sprintf(".%s", [block]), ".aws_launch_template.")
}
