# METADATA
# title: A bucket is public by its ACL
# description: >-
#   Anyone can list or read it, and search engines for open buckets find it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
# custom:
#   id: aws-s3-public-acl
#   severity: critical
#   family: public-storage
#   types: [aws_s3_bucket, aws_s3_bucket_acl]
#   controls: [s3_bucket_public_list_acl, s3_bucket_public_write_acl]
#   remediation: >-
#     Remove the ACL; share by a bucket policy, or CloudFront with origin access control.
package terrace.aws.s3_public_acl

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _acls(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _grants(0)
}

_public := {"public-read", "public-read-write", "authenticated-read"}

# Where a bucket itself has none the provider calls it unknown, for an aws_s3_bucket_acl may set it: that one is judged.
_acls(_) := lib.must_not({"aws_s3_bucket_acl"}, ["acl"], _public) | {problem |
	some problem in lib.must_not({"aws_s3_bucket"}, ["acl"], _public)
	problem.status == "fail"
}

_grants(_) := {lib.broken(one, sprintf("%s is granted to %s", [grant.permission, grantee.uri])) |
	some one in lib.after("aws_s3_bucket_acl")
	some policy in one.after.access_control_policy
	some grant in policy.grant
	some grantee in grant.grantee
	regex.match(`/groups/global/(AllUsers|AuthenticatedUsers)$`, grantee.uri)
}
