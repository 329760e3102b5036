variable "streams" {
  type    = any
  default = {}
}

resource "aws_kinesis_stream" "this" {
  for_each = var.streams

  name            = each.key
  shard_count     = try(each.value.shard_count, 1)
  encryption_type = try(each.value.kms_key_id, null) != null ? "KMS" : "NONE"
  kms_key_id      = try(each.value.kms_key_id, null)
}
