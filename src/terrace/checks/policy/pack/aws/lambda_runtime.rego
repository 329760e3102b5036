# METADATA
# title: A function's runtime no longer gets security updates
# description: >-
#   AWS eventually blocks updates of the function, and vulnerabilities of the runtime stay.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# custom:
#   id: aws-lambda-runtime
#   severity: medium
#   family: outdated-runtime
#   types: [aws_lambda_function]
#   controls: [awslambda_function_using_supported_runtimes]
#   remediation: >-
#     Move to a supported version of the same runtime.
package terrace.aws.lambda_runtime

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must_not({"aws_lambda_function"}, ["runtime"], {"dotnet5.0", "dotnet6", "dotnet7", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "java8", "nodejs", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x", "nodejs18.x", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "provided", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "ruby2.5", "ruby2.7", "ruby3.2"})
