module "labels" {
  source      = "../../../modules/labels"
  environment = "prod"
  component   = "network"
}

resource "aws_vpc" "main" {
  cidr_block = "10.20.0.0/16"
  tags       = merge(module.labels.tags, { Name = module.labels.prefix })
}

resource "aws_subnet" "private" {
  for_each = { a = "10.20.1.0/24", b = "10.20.2.0/24" }

  vpc_id            = aws_vpc.main.id
  cidr_block        = each.value
  availability_zone = "eu-central-1${each.key}"
  tags              = merge(module.labels.tags, { Name = "${module.labels.prefix}-${each.key}" })
}

output "vpc_id" {
  value = aws_vpc.main.id
}
