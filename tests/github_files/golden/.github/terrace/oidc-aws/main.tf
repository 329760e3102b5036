# Lets runs of this repository assume AWS roles without stored secrets: GitHub signs the identity of a run, and AWS
# accepts it for exactly these environments. An administrator of the account applies this once, and again after changes.
#
#   plan    ENV-plan    pull requests: read-only
#   watch   ENV-watch   read-only jobs of the protected branch: read, and write state backups
#   apply   ENV         applies
#
# Written by `terrace init github`. Your changes are kept.

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "owner" {
  type        = string
  description = "The owner of the repository on GitHub."

  default = "acme"
}

variable "owner_id" {
  type        = string
  description = "Its number: gh api repos/OWNER/REPO --jq .owner.id"
}

variable "repository" {
  type        = string
  description = "The name of the repository."

  default = "infra"
}

variable "repository_id" {
  type        = string
  description = "Its number: gh api repos/OWNER/REPO --jq .id"
}

variable "provider_exists" {
  type        = bool
  description = "Whether the account knows GitHub already: an account has one such provider."
  default     = false
}

variable "reading" {
  type        = list(string)
  description = "Policies of the roles that look, by ARN."
  default     = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

variable "applying" {
  type        = list(string)
  description = "Policies of the roles that apply, by ARN: no more than your stacks need."
}

variable "backups" {
  type        = string
  description = "The ARN of the bucket that copies of states go to; empty where they go elsewhere."
  default     = ""
}

locals {
  roles = {
    "dev-plan"      = "plan"
    "dev-watch"     = "watch"
    "dev"           = "apply"
    "staging-plan"  = "plan"
    "staging-watch" = "watch"
    "staging"       = "apply"
    "prod-plan"     = "plan"
    "prod-watch"    = "watch"
    "prod"          = "apply"
  }

  # The subject of repositories that were created, renamed or moved since July 2026 contains their ids.
  subjects = {
    for home, kind in local.roles : home => [
      "repo:${var.owner}/${var.repository}:environment:${home}",
      "repo:${var.owner}@${var.owner_id}/${var.repository}@${var.repository_id}:environment:${home}",
    ]
  }

  attachments = merge([
    for home, kind in local.roles : {
      for policy in kind == "apply" ? var.applying : var.reading : "${home} ${policy}" => { home = home, policy = policy }
    }
  ]...)

  provider = one(concat(
    data.aws_iam_openid_connect_provider.github[*].arn,
    aws_iam_openid_connect_provider.github[*].arn,
  ))
}

data "aws_iam_openid_connect_provider" "github" {
  count = var.provider_exists ? 1 : 0

  url = "https://token.actions.githubusercontent.com"
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.provider_exists ? 0 : 1

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # StringEquals, not StringLike: a pattern would accept other names that match it.
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role" "terrace" {
  for_each = local.roles

  name                 = "terrace-${var.repository}-${each.key}"
  description          = "Terrace, ${each.value} in the environment ${each.key} of ${var.owner}/${var.repository}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = each.value == "apply" ? 21600 : 3600
}

resource "aws_iam_role_policy_attachment" "terrace" {
  for_each = local.attachments

  role       = aws_iam_role.terrace[each.value.home].name
  policy_arn = each.value.policy
}

data "aws_iam_policy_document" "backups" {
  count = var.backups == "" ? 0 : 1

  statement {
    actions   = ["s3:ListBucket"]
    resources = [var.backups]
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.backups}/*"]
  }
}

resource "aws_iam_role_policy" "backups" {
  for_each = { for home, kind in local.roles : home => kind if kind != "plan" && var.backups != "" }

  name   = "copies-of-states"
  role   = aws_iam_role.terrace[each.key].name
  policy = data.aws_iam_policy_document.backups[0].json
}

output "roles" {
  description = "The role of each environment on GitHub, for its variable TERRACE_AWS_ROLE."
  value       = { for home, role in aws_iam_role.terrace : home => role.arn }
}
