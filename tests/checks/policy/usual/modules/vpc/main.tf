variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "cidr" {
  type    = string
  default = "10.0.0.0/16"
}

variable "azs" {
  type    = list(string)
  default = []
}

variable "public_subnets" {
  type    = list(string)
  default = []
}

variable "private_subnets" {
  type    = list(string)
  default = []
}

variable "map_public_ip_on_launch" {
  type    = bool
  default = false
}

variable "enable_nat_gateway" {
  type    = bool
  default = false
}

variable "single_nat_gateway" {
  type    = bool
  default = false
}

variable "manage_default_security_group" {
  type    = bool
  default = true
}

variable "flow_log_destination_arn" {
  type    = string
  default = null
}

variable "enable_flow_log" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  create_public  = var.create && length(var.public_subnets) > 0
  create_private = var.create && length(var.private_subnets) > 0
  nat_count      = var.single_nat_gateway ? 1 : length(var.private_subnets)
  vpc_id         = try(aws_vpc.this[0].id, "")
}

resource "aws_vpc" "this" {
  count                = var.create ? 1 : 0
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = merge({ Name = var.name }, var.tags)
}

resource "aws_default_security_group" "this" {
  count  = var.create && var.manage_default_security_group ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = var.tags
}

resource "aws_subnet" "public" {
  count                   = local.create_public ? length(var.public_subnets) : 0
  vpc_id                  = local.vpc_id
  cidr_block              = element(concat(var.public_subnets, [""]), count.index)
  availability_zone       = length(var.azs) > 0 ? element(var.azs, count.index) : null
  map_public_ip_on_launch = var.map_public_ip_on_launch
  tags                    = merge({ Name = format("${var.name}-public-%s", element(var.azs, count.index)) }, var.tags)
}

resource "aws_subnet" "private" {
  count             = local.create_private ? length(var.private_subnets) : 0
  vpc_id            = local.vpc_id
  cidr_block        = element(concat(var.private_subnets, [""]), count.index)
  availability_zone = length(var.azs) > 0 ? element(var.azs, count.index) : null
  tags              = merge({ Name = format("${var.name}-private-%s", element(var.azs, count.index)) }, var.tags)
}

resource "aws_internet_gateway" "this" {
  count  = local.create_public ? 1 : 0
  vpc_id = local.vpc_id
  tags   = var.tags
}

resource "aws_eip" "nat" {
  count      = var.create && var.enable_nat_gateway ? local.nat_count : 0
  domain     = "vpc"
  tags       = var.tags
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count         = var.create && var.enable_nat_gateway ? local.nat_count : 0
  allocation_id = element(aws_eip.nat[*].id, var.single_nat_gateway ? 0 : count.index)
  subnet_id     = element(aws_subnet.public[*].id, var.single_nat_gateway ? 0 : count.index)
  tags          = var.tags
}

resource "aws_route_table" "private" {
  count  = local.create_private ? local.nat_count : 0
  vpc_id = local.vpc_id
  tags   = var.tags
}

resource "aws_route" "private_nat_gateway" {
  count                  = local.create_private && var.enable_nat_gateway ? local.nat_count : 0
  route_table_id         = element(aws_route_table.private[*].id, count.index)
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = element(aws_nat_gateway.this[*].id, count.index)
}

resource "aws_route_table_association" "private" {
  count          = local.create_private ? length(var.private_subnets) : 0
  subnet_id      = element(aws_subnet.private[*].id, count.index)
  route_table_id = element(aws_route_table.private[*].id, var.single_nat_gateway ? 0 : count.index)
}

resource "aws_flow_log" "this" {
  count                = var.create && var.enable_flow_log ? 1 : 0
  vpc_id               = local.vpc_id
  traffic_type         = "ALL"
  log_destination      = var.flow_log_destination_arn
  log_destination_type = "s3"
  tags                 = var.tags
}

output "vpc_id" {
  value = try(aws_vpc.this[0].id, null)
}

output "vpc_cidr_block" {
  value = try(aws_vpc.this[0].cidr_block, null)
}

output "private_subnets" {
  value = aws_subnet.private[*].id
}

output "public_subnets" {
  value = aws_subnet.public[*].id
}
