variable "cluster_identifier" {
  type = string
}

variable "encrypted" {
  type    = bool
  default = true
}

variable "kms_key_arn" {
  type    = string
  default = null
}

variable "publicly_accessible" {
  type    = bool
  default = false
}

variable "subnet_ids" {
  type    = list(string)
  default = []
}

resource "aws_redshift_subnet_group" "this" {
  name       = var.cluster_identifier
  subnet_ids = var.subnet_ids
}

resource "aws_redshift_cluster" "this" {
  cluster_identifier        = var.cluster_identifier
  node_type                 = "ra3.large"
  master_username           = "app"
  manage_master_password    = true
  encrypted                 = var.encrypted
  kms_key_id                = var.kms_key_arn
  publicly_accessible       = var.publicly_accessible
  cluster_subnet_group_name = aws_redshift_subnet_group.this.name
  skip_final_snapshot       = true
}
