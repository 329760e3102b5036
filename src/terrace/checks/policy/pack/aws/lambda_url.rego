# METADATA
# title: Anyone can call a function
# description: >-
#   Its URL is public, and without IAM the function itself must authenticate every caller.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
# custom:
#   id: aws-lambda-url
#   severity: high
#   family: public-compute
#   types: [aws_lambda_function_url]
#   controls: [awslambda_function_url_public]
#   remediation: >-
#     Set authorization_type = "AWS_IAM", or put an API with an authorizer in front.
package terrace.aws.lambda_url

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must_not({"aws_lambda_function_url"}, ["authorization_type"], {"NONE"})
