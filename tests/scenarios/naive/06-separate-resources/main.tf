terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

resource "aws_s3_bucket" "covered" {}

resource "aws_s3_bucket_public_access_block" "covered" {
  bucket                  = aws_s3_bucket.covered.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "covered" {
  bucket = aws_s3_bucket.covered.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket" "forgotten" {}

resource "aws_s3_bucket" "default_key" {}

resource "aws_s3_bucket_server_side_encryption_configuration" "default_key" {
  bucket = aws_s3_bucket.default_key.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}
