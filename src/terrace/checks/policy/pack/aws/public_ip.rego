# METADATA
# title: A server gets a public address
# description: >-
#   Every open port and every vulnerability is exposed to the whole internet.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html
# custom:
#   id: aws-public-ip
#   severity: medium
#   family: public-compute
#   types: [aws_instance, aws_launch_template, aws_launch_configuration, aws_subnet]
#   controls:
#     - ec2_instance_public_ip
#     - ec2_launch_template_no_public_ip
#     - autoscaling_group_launch_configuration_no_public_ip
#     - vpc_subnet_no_public_ip_by_default
#   remediation: >-
#     Set associate_public_ip_address = false (map_public_ip_on_launch of a subnet), and put a load balancer or SSM in
#     front.
package terrace.aws.public_ip

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_instance", "aws_launch_configuration"}, ["associate_public_ip_address"], {true})
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_launch_template"}, ["network_interfaces", "*", "associate_public_ip_address"], {"true", true})
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_subnet"}, ["map_public_ip_on_launch"], {true})
}
