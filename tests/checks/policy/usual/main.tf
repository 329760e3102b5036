# A stack as people build it from modules of a registry: small modules of our own, with variables and their defaults,
# `count` of `create`, `for_each`, dynamic blocks and outputs. What is wrong in it is wrong through the modules too.

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
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}

variable "create_reports" {
  type    = bool
  default = true
}

locals {
  name = "shop"
  azs  = ["eu-central-1a", "eu-central-1b"]

  buckets = {
    uploads = { kms_key = module.kms.key_arn }
    exports = { kms_key = module.kms.key_arn }
  }
}

# --- well made -------------------------------------------------------------------------------------------------------

module "vpc" {
  source = "./modules/vpc"

  name                     = local.name
  azs                      = local.azs
  public_subnets           = ["10.0.101.0/24", "10.0.102.0/24"]
  private_subnets          = ["10.0.1.0/24", "10.0.2.0/24"]
  enable_nat_gateway       = true
  single_nat_gateway       = true
  enable_flow_log          = true
  flow_log_destination_arn = module.logs.s3_bucket_arn
}

module "kms" {
  source = "./modules/kms"

  description = "Data of ${local.name}"
  aliases     = ["${local.name}/data"]
  key_users   = [module.app_role.arn]

  key_statements = {
    logs = {
      actions    = ["kms:Encrypt*", "kms:Decrypt*"]
      principals = [{ type = "Service", identifiers = ["logs.eu-central-1.amazonaws.com"] }]
    }
  }
}

module "logs" {
  source = "./modules/s3-bucket"

  bucket                                = "${local.name}-logs"
  control_object_ownership              = true
  attach_deny_insecure_transport_policy = true
  versioning                            = { enabled = true }
  lifecycle_rule                        = [{ id = "old", enabled = true, noncurrent_version_expiration = { days = 30 } }]
}

module "buckets" {
  source   = "./modules/s3-bucket"
  for_each = local.buckets

  bucket                                = "${local.name}-${each.key}"
  attach_deny_insecure_transport_policy = true
  attach_policy                         = true
  policy                                = data.aws_iam_policy_document.read.json
  versioning                            = { status = true }
  logging                               = { target_bucket = module.logs.s3_bucket_id, target_prefix = "${each.key}/" }

  server_side_encryption_configuration = {
    rule = {
      apply_server_side_encryption_by_default = { sse_algorithm = "aws:kms", kms_master_key_id = each.value.kms_key }
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${local.name}-*/*"]

    principals {
      type        = "AWS"
      identifiers = [module.app_role.arn]
    }
  }
}

module "app_sg" {
  source = "./modules/security-group"

  name   = "app"
  vpc_id = module.vpc.vpc_id

  ingress_rules = {
    lb = { from_port = 8080, referenced_security_group_id = module.lb_sg.security_group_id }
  }

  egress_rules = {
    vpc = { from_port = 443, cidr_ipv4 = module.vpc.vpc_cidr_block }
  }
}

module "lb_sg" {
  source = "./modules/security-group"

  name                     = "lb"
  use_name_prefix          = false
  vpc_id                   = module.vpc.vpc_id
  ingress_with_cidr_blocks = [{ from_port = 443, to_port = 443, cidr_blocks = "0.0.0.0/0" }]
}

module "app_role" {
  source = "./modules/iam-role"

  name                    = "app"
  trusted_role_services   = ["ecs-tasks.amazonaws.com"]
  create_instance_profile = true

  policies = {
    app = module.app_policy.arn
  }

  inline_policy_statements = [
    { sid = "Queue", actions = ["sqs:SendMessage"], resources = [module.jobs.queue_arn] },
    { sid = "Table", actions = ["dynamodb:Query"], resources = [module.table.dynamodb_table_arn] },
  ]
}

module "app_policy" {
  source = "./modules/iam-policy"

  name = "app"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:Decrypt"], Resource = module.kms.key_arn }]
  })
}

module "service_role" {
  source = "./modules/iam-role"

  name                  = "service"
  trusted_role_services = ["eks.amazonaws.com", "backup.amazonaws.com", "states.amazonaws.com"]
  policies              = { eks = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" }
}

module "jobs" {
  source = "./modules/sqs"

  name                = "jobs"
  create_dlq          = true
  create_queue_policy = true

  queue_policy_statements = {
    sns = {
      sid        = "Publish"
      actions    = ["sqs:SendMessage"]
      principals = [{ type = "Service", identifiers = ["sns.amazonaws.com"] }]
      conditions = [{ test = "ArnEquals", variable = "aws:SourceArn", values = [module.alarms.topic_arn] }]
    }
  }
}

module "alarms" {
  source = "./modules/sns"

  name              = "alarms"
  kms_master_key_id = module.kms.key_id
  subscriptions     = { jobs = { protocol = "sqs", endpoint = module.jobs.queue_arn } }
}

module "aurora" {
  source = "./modules/rds-aurora"

  name                    = "orders"
  backup_retention_period = 14
  deletion_protection     = true
  kms_key_id              = module.kms.key_arn
  vpc_id                  = module.vpc.vpc_id
  subnets                 = module.vpc.private_subnets
  instances               = { one = {}, two = { instance_class = "db.r6g.xlarge" } }
  autoscaling_enabled     = true
  security_group_rules    = { app = { source_security_group_id = module.app_sg.security_group_id } }
}

module "rds" {
  source = "./modules/rds"

  identifier              = "reports"
  multi_az                = true
  backup_retention_period = 14
  deletion_protection     = true
  parameters              = [{ name = "log_connections", value = "1" }]
}

module "table" {
  source = "./modules/dynamodb"

  name                           = "carts"
  hash_key                       = "id"
  attributes                     = [{ name = "id", type = "S" }]
  point_in_time_recovery_enabled = true
  deletion_protection_enabled    = true
}

module "ecr" {
  source = "./modules/ecr"

  repository_name             = "app"
  repository_read_access_arns = [module.app_role.arn]
}

module "ecs" {
  source = "./modules/ecs"

  name               = "app"
  execution_role_arn = module.app_role.arn
  subnets            = module.vpc.private_subnets
  security_group_ids = [module.app_sg.security_group_id]

  container_definitions = {
    app = { image = "${module.ecr.repository_url}:1" }
  }

  load_balancer = {
    app = { container_name = "app", container_port = 8080, target_group_arn = module.alb.target_groups["app"].arn }
  }
}

module "alb" {
  source = "./modules/alb"

  name            = "app"
  internal        = true
  vpc_id          = module.vpc.vpc_id
  subnets         = module.vpc.public_subnets
  security_groups = [module.lb_sg.security_group_id]
  access_logs     = { bucket = module.logs.s3_bucket_id }

  listeners = {
    http  = { port = 80, protocol = "HTTP", redirect = {} }
    https = { certificate_arn = module.acm.acm_certificate_arn, forward = { target_group_key = "app" } }
  }

  target_groups = {
    app = { port = 8080, target_type = "ip" }
  }
}

module "acm" {
  source = "./modules/acm"

  domain_name = "shop.example.com"
  zone_id     = aws_route53_zone.main.zone_id
}

resource "aws_route53_zone" "main" {
  name = "shop.example.com"
}

resource "aws_route53_record" "app" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "app"
  type    = "A"

  alias {
    name                   = module.alb.dns_name
    zone_id                = module.alb.zone_id
    evaluate_target_health = true
  }
}

module "worker" {
  source = "./modules/lambda"

  function_name              = "worker"
  lambda_role                = module.app_role.arn
  kms_key_arn                = module.kms.key_arn
  environment_variables      = { TABLE = module.table.dynamodb_table_arn }
  create_lambda_function_url = true
  event_source_mapping       = { jobs = { event_source_arn = module.jobs.queue_arn } }

  allowed_triggers = {
    daily = { principal = "events.amazonaws.com", source_arn = module.events.eventbridge_rule_arns["daily"] }
    api   = { service = "apigateway", source_arn = "${module.api.execution_arn}/*" }
  }
}

module "events" {
  source = "./modules/eventbridge"

  rules   = { daily = { schedule_expression = "rate(1 day)" } }
  targets = { daily = [{ name = "worker", arn = module.worker.lambda_function_arn }] }
}

module "api" {
  source = "./modules/apigateway"

  name   = "shop"
  routes = { "GET /orders" = { uri = module.worker.lambda_function_arn } }
}

module "monitoring" {
  source = "./modules/cloudwatch"

  alarm_actions = [module.alarms.topic_arn]
  log_groups    = { "/shop/app" = { retention_in_days = 90, kms_key_id = module.kms.key_arn, metric_filter = "ERROR" } }
  alarms        = { cpu = { metric_name = "CPUUtilization", namespace = "AWS/ECS", threshold = 80 } }
}

module "eks" {
  source = "./modules/eks"

  cluster_name = "shop"
  role_arn     = module.service_role.arn
  subnet_ids   = module.vpc.private_subnets

  node_groups = {
    main = { role_arn = module.service_role.arn, block_device_mappings = { root = { device_name = "/dev/xvda" } } }
  }
}

module "bastion" {
  source = "./modules/ec2-instance"

  name                   = "bastion"
  subnet_id              = element(module.vpc.private_subnets, 0)
  vpc_security_group_ids = [module.app_sg.security_group_id]
  iam_instance_profile   = module.app_role.instance_profile_name
  root_block_device      = [{ encrypted = true, volume_size = 20 }]
}

module "fleet" {
  source = "./modules/autoscaling"

  name                     = "fleet"
  vpc_zone_identifier      = module.vpc.private_subnets
  iam_instance_profile_arn = module.app_role.instance_profile_arn
  security_groups          = [module.app_sg.security_group_id]
  metadata_options         = { http_endpoint = "enabled", http_tokens = "required" }

  block_device_mappings = [{
    device_name = "/dev/xvda"
    ebs         = { encrypted = true, kms_key_id = module.kms.key_arn, volume_size = 20 }
  }]
}

module "cache" {
  source = "./modules/elasticache"

  replication_group_id = "sessions"
  kms_key_arn          = module.kms.key_arn
  subnet_ids           = module.vpc.private_subnets
  security_group_ids   = [module.app_sg.security_group_id]
}

module "files" {
  source = "./modules/efs"

  name          = "files"
  kms_key_arn   = module.kms.key_arn
  mount_targets = { for k, v in local.azs : v => { subnet_id = element(module.vpc.private_subnets, k) } }
  access_points = { app = {} }

  policy_statements = [{
    actions    = ["elasticfilesystem:ClientMount"]
    principals = [{ type = "AWS", identifiers = [module.app_role.arn] }]
  }]
}

module "secret" {
  source = "./modules/secrets-manager"

  name                = "app"
  kms_key_id          = module.kms.key_arn
  create_policy       = true
  enable_rotation     = true
  rotation_lambda_arn = module.worker.lambda_function_arn

  policy_statements = {
    read = {
      actions    = ["secretsmanager:GetSecretValue"]
      principals = [{ type = "AWS", identifiers = [module.app_role.arn] }]
    }
  }
}

module "search" {
  source = "./modules/opensearch"

  domain_name     = "search"
  encrypt_at_rest = { enabled = true, kms_key_id = module.kms.key_arn }
}

module "warehouse" {
  source = "./modules/redshift"

  cluster_identifier = "warehouse"
  kms_key_arn        = module.kms.key_arn
  subnet_ids         = module.vpc.private_subnets
}

module "kafka" {
  source = "./modules/msk"

  name                           = "events"
  encryption_at_rest_kms_key_arn = module.kms.key_arn
  broker_node_client_subnets     = module.vpc.private_subnets
  broker_node_security_groups    = [module.app_sg.security_group_id]
}

module "trail" {
  source = "./modules/cloudtrail"

  name           = "trail"
  s3_bucket_name = module.logs.s3_bucket_id
  kms_key_arn    = module.kms.key_arn
}

module "flow" {
  source = "./modules/step-functions"

  name     = "flow"
  role_arn = module.service_role.arn
  definition = jsonencode({
    StartAt = "Work"
    States  = { Work = { Type = "Task", Resource = module.worker.lambda_function_arn, End = true } }
  })
}

module "cdn" {
  source = "./modules/cloudfront"

  origins = { shop = { domain_name = "shop.s3.eu-central-1.amazonaws.com" } }

  viewer_certificate = {
    acm_certificate_arn      = module.acm.acm_certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

module "streams" {
  source = "./modules/kinesis"

  streams = { clicks = { kms_key_id = module.kms.key_id } }
}

module "vault" {
  source = "./modules/backup"

  name        = "main"
  kms_key_arn = module.kms.key_arn
  role_arn    = module.service_role.arn
  resources   = [module.rds.db_instance_arn]
}

# Nothing of it is made.
module "reports" {
  source = "./modules/s3-bucket"

  create_bucket = false
  bucket        = "reports"
}

# --- badly made ------------------------------------------------------------------------------------------------------

module "bad_vpc" {
  source = "./modules/vpc"

  name                    = "open"
  azs                     = local.azs
  public_subnets          = ["10.0.103.0/24"]
  map_public_ip_on_launch = true
}

module "bad_kms" {
  source = "./modules/kms"

  enable_key_rotation     = false
  deletion_window_in_days = 7

  key_statements = {
    anybody = {
      actions    = ["kms:Decrypt"]
      principals = [{ type = "AWS", identifiers = ["*"] }]
    }
  }
}

module "bad_bucket" {
  source = "./modules/s3-bucket"

  bucket                  = "site"
  attach_policy           = true
  block_public_policy     = false
  restrict_public_buckets = false

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Read", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::site/*" }]
  })

  server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = { sse_algorithm = "AES256" } }
  }
}

module "bad_sg" {
  source = "./modules/security-group"

  name           = "open"
  vpc_id         = module.vpc.vpc_id
  inline_ingress = [{ port = 3389, cidr_blocks = ["0.0.0.0/0"] }]

  ingress_rules = {
    ssh = { from_port = 22, cidr_ipv4 = "0.0.0.0/0" }
    six = { from_port = 5432, cidr_ipv6 = "::/0" }
    app = { from_port = 5432, referenced_security_group_id = module.app_sg.security_group_id }
  }

  ingress_with_cidr_blocks = [{ from_port = 0, to_port = 65535, cidr_blocks = "10.0.0.0/8,0.0.0.0/0" }]
}

module "bad_role" {
  source = "./modules/iam-role"

  name              = "admin"
  trusted_role_arns = ["*"]

  policies = {
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    app   = module.app_policy.arn
  }

  inline_policy_statements = [
    { sid = "Queue", actions = ["sqs:SendMessage"], resources = [module.jobs.queue_arn] },
    { sid = "All", actions = ["*"], resources = ["*"] },
  ]
}

module "bad_policy" {
  source = "./modules/iam-policy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Key", Effect = "Allow", Action = ["kms:Decrypt"], Resource = module.kms.key_arn },
      { Sid = "All", Effect = "Allow", Action = "*", Resource = "*" },
    ]
  })
}

module "bad_queue" {
  source = "./modules/sqs"

  name                    = "open"
  sqs_managed_sse_enabled = false
  create_queue_policy     = true

  queue_policy_statements = {
    anybody = {
      sid        = "Anybody"
      actions    = ["sqs:SendMessage"]
      principals = [{ type = "*", identifiers = ["*"] }]
    }
  }
}

module "bad_topic" {
  source = "./modules/sns"

  name = "plain"

  topic_policy_statements = {
    anybody = { actions = ["sns:Subscribe"], principals = [{ type = "AWS", identifiers = ["*"] }] }
  }
}

module "bad_aurora" {
  source = "./modules/rds-aurora"

  name                 = "plain"
  storage_encrypted    = false
  vpc_id               = module.vpc.vpc_id
  subnets              = module.vpc.public_subnets
  instances            = { one = { publicly_accessible = true } }
  security_group_rules = { all = { cidr_blocks = ["0.0.0.0/0"] } }
}

module "bad_rds" {
  source = "./modules/rds"

  identifier              = "plain"
  storage_encrypted       = false
  publicly_accessible     = true
  backup_retention_period = 1
}

module "bad_table" {
  source = "./modules/dynamodb"

  name                = "plain"
  hash_key            = "id"
  attributes          = [{ name = "id", type = "S" }]
  autoscaling_enabled = true
}

module "bad_ecr" {
  source = "./modules/ecr"

  repository_name                 = "plain"
  repository_image_tag_mutability = "MUTABLE"
  repository_image_scan_on_push   = false
  repository_read_access_arns     = ["*"]
}

module "bad_ecs" {
  source = "./modules/ecs"

  name                  = "plain"
  execution_role_arn    = module.app_role.arn
  subnets               = module.vpc.public_subnets
  assign_public_ip      = true
  log_retention_in_days = 0

  container_definitions = {
    app = { image = "${module.ecr.repository_url}:1", privileged = true }
  }
}

module "bad_alb" {
  source = "./modules/alb"

  name                       = "plain"
  internal                   = false
  vpc_id                     = module.vpc.vpc_id
  subnets                    = module.vpc.public_subnets
  security_groups            = [module.bad_sg.security_group_id]
  drop_invalid_header_fields = false

  listeners = {
    http = { port = 80, protocol = "HTTP", forward = { target_group_key = "app" } }
    old = {
      certificate_arn = module.acm.acm_certificate_arn
      ssl_policy      = "ELBSecurityPolicy-2016-08"
      forward         = { target_group_key = "app" }
    }
  }

  target_groups = { app = { port = 8080 } }
}

module "bad_lambda" {
  source = "./modules/lambda"

  function_name              = "plain"
  lambda_role                = module.app_role.arn
  runtime                    = "python3.7"
  create_lambda_function_url = true
  authorization_type         = "NONE"
  allowed_triggers           = { anybody = { principal = "*" } }
}

module "bad_eks" {
  source = "./modules/eks"

  cluster_name                   = "plain"
  role_arn                       = module.service_role.arn
  subnet_ids                     = module.vpc.private_subnets
  cluster_endpoint_public_access = true
  cluster_enabled_log_types      = []
  create_kms_key                 = false
  cluster_encryption_config      = {}

  node_groups = {
    main = {
      role_arn              = module.service_role.arn
      http_tokens           = "optional"
      block_device_mappings = { root = { device_name = "/dev/xvda", encrypted = false } }
    }
  }
}

module "bad_instance" {
  source = "./modules/ec2-instance"

  name                        = "plain"
  subnet_id                   = module.vpc.public_subnets[0]
  associate_public_ip_address = true
  metadata_options            = {}
}

module "bad_fleet" {
  source = "./modules/autoscaling"

  name                  = "plain"
  vpc_zone_identifier   = module.vpc.public_subnets
  security_groups       = [module.app_sg.security_group_id]
  network_interfaces    = [{ associate_public_ip_address = true }]
  block_device_mappings = [{ device_name = "/dev/xvda", ebs = { volume_size = 20, encrypted = false } }]
}

module "bad_cache" {
  source = "./modules/elasticache"

  replication_group_id       = "plain"
  at_rest_encryption_enabled = false
  transit_encryption_enabled = false
  subnet_ids                 = module.vpc.private_subnets
}

module "bad_files" {
  source = "./modules/efs"

  name              = "plain"
  encrypted         = false
  policy_statements = [{ actions = ["elasticfilesystem:*"], principals = [{ type = "AWS", identifiers = ["*"] }] }]
}

module "bad_secret" {
  source = "./modules/secrets-manager"

  name          = "plain"
  create_policy = true

  policy_statements = {
    anybody = { actions = ["secretsmanager:GetSecretValue"], principals = [{ type = "*", identifiers = ["*"] }] }
  }
}

module "bad_search" {
  source = "./modules/opensearch"

  domain_name             = "plain"
  encrypt_at_rest         = { enabled = false }
  node_to_node_encryption = {}
  domain_endpoint_options = {}
}

module "bad_warehouse" {
  source = "./modules/redshift"

  cluster_identifier  = "plain"
  encrypted           = false
  publicly_accessible = true
  subnet_ids          = module.vpc.public_subnets
}

module "bad_trail" {
  source = "./modules/cloudtrail"

  name                       = "plain"
  s3_bucket_name             = module.bad_bucket.s3_bucket_id
  enable_log_file_validation = false
  is_multi_region_trail      = false
}

module "bad_cdn" {
  source = "./modules/cloudfront"

  origins                = { site = { domain_name = "site.s3.eu-central-1.amazonaws.com" } }
  viewer_protocol_policy = "allow-all"
}

module "bad_streams" {
  source = "./modules/kinesis"

  streams = { plain = {} }
}

module "bad_monitoring" {
  source = "./modules/cloudwatch"

  log_groups = { "/plain" = {} }
}
