variable "name" {
  type = string
}

variable "s3_bucket_name" {
  type = string
}

variable "enable_log_file_validation" {
  type    = bool
  default = true
}

variable "is_multi_region_trail" {
  type    = bool
  default = true
}

variable "kms_key_arn" {
  type    = string
  default = ""
}

resource "aws_cloudtrail" "default" {
  name                       = var.name
  s3_bucket_name             = var.s3_bucket_name
  enable_log_file_validation = var.enable_log_file_validation
  is_multi_region_trail      = var.is_multi_region_trail
  kms_key_id                 = var.kms_key_arn
}
