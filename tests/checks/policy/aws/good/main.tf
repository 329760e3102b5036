resource "aws_db_instance" "it" {
  instance_class          = "db.t4g.micro"
  engine                  = "postgres"
  allocated_storage       = 20
  username                = "app"
  password                = "Tr0ub4dor&3"
  publicly_accessible     = false
  storage_encrypted       = true
  deletion_protection     = true
  multi_az                = true
  backup_retention_period = 14
}

resource "aws_rds_cluster" "it" {
  engine          = "aurora-postgresql"
  master_username = "app"
  master_password = "Tr0ub4dor&3"

  storage_encrypted       = true
  deletion_protection     = true
  backup_retention_period = 14
}

resource "aws_rds_cluster_instance" "it" {
  cluster_identifier  = aws_rds_cluster.it.id
  engine              = "aurora-postgresql"
  instance_class      = "db.t4g.medium"
  publicly_accessible = false
}

resource "aws_docdb_cluster" "it" {
  storage_encrypted       = true
  deletion_protection     = true
  backup_retention_period = 14
}

resource "aws_neptune_cluster" "it" {
  storage_encrypted       = true
  deletion_protection     = true
  backup_retention_period = 14
}

resource "aws_dynamodb_table" "it" {
  name         = "it"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  deletion_protection_enabled = true

  point_in_time_recovery {
    enabled = true
  }

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_ebs_volume" "it" {
  availability_zone = "eu-central-1a"
  size              = 1
  encrypted         = true
}

resource "aws_instance" "it" {
  ami                         = "ami-1"
  instance_type               = "t4g.micro"
  associate_public_ip_address = false

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    encrypted = true
  }
}

resource "aws_launch_template" "it" {
  network_interfaces {
    associate_public_ip_address = false
  }

  metadata_options {
    http_tokens = "required"
  }

  block_device_mappings {
    ebs {
      encrypted = true
    }
  }
}

resource "aws_subnet" "it" {
  vpc_id                  = aws_vpc.it.id
  cidr_block              = "10.0.0.0/24"
  map_public_ip_on_launch = false
}

resource "aws_vpc" "it" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_efs_file_system" "it" {
  encrypted = true
}

resource "aws_redshift_cluster" "it" {
  cluster_identifier  = "it"
  node_type           = "ra3.large"
  publicly_accessible = false
  encrypted           = true
  skip_final_snapshot = true
}

resource "aws_elasticache_replication_group" "it" {
  replication_group_id       = "it"
  description                = "it"
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}

resource "aws_sqs_queue" "it" {
  sqs_managed_sse_enabled = true
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Sid = "All", Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Action = "sqs:*", Resource = "*" }
  })
}

resource "aws_sns_topic" "it" {
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_kinesis_stream" "it" {
  name        = "it"
  shard_count = 1

  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"
}

resource "aws_mq_broker" "it" {
  broker_name         = "it"
  engine_type         = "ActiveMQ"
  engine_version      = "5.18"
  host_instance_type  = "mq.t3.micro"
  publicly_accessible = false

  user {
    username = "app"
    password = "Tr0ub4dor&3-longer"
  }
}

resource "aws_kms_key" "it" {
  enable_key_rotation = true
}

resource "aws_cloudtrail" "it" {
  name           = "trail"
  s3_bucket_name = "logs"

  is_multi_region_trail      = true
  enable_log_file_validation = true
}

resource "aws_ecr_repository" "it" {
  name = "it"

  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_lambda_function" "it" {
  function_name = "it"
  role          = "arn:aws:iam::123456789012:role/it"
  runtime       = "python3.13"
  handler       = "it.handler"
  s3_bucket     = "code"
  s3_key        = "it.zip"

  environment {
    variables = {
      DB_PASSWORD_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"
    }
  }
}

resource "aws_lambda_function_url" "it" {
  function_name      = aws_lambda_function.it.function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_permission" "it" {
  function_name = aws_lambda_function.it.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
}

resource "aws_lb" "it" {
  name    = "it"
  subnets = ["subnet-1", "subnet-2"]

  drop_invalid_header_fields = true
}

resource "aws_lb_listener" "clear" {
  load_balancer_arn = aws_lb.it.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "old" {
  load_balancer_arn = aws_lb.it.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = "arn:aws:acm:eu-central-1:123456789012:certificate/it"

  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/it/1"
  }
}

resource "aws_cloudfront_distribution" "it" {
  enabled = true

  origin {
    domain_name = "example.com"
    origin_id   = "it"
  }

  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "it"
    viewer_protocol_policy = "redirect-to-https"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/it"
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudwatch_log_group" "it" {
  name = "it"

  retention_in_days = 365
}

resource "aws_eks_cluster" "it" {
  name     = "it"
  role_arn = "arn:aws:iam::123456789012:role/it"

  vpc_config {
    subnet_ids = ["subnet-1", "subnet-2"]

    endpoint_private_access = true
    endpoint_public_access  = false
  }

  enabled_cluster_log_types = ["api", "audit", "authenticator"]

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = "arn:aws:kms:eu-central-1:123456789012:key/it"
    }
  }
}

resource "aws_opensearch_domain" "it" {
  domain_name = "search"

  domain_endpoint_options {
    enforce_https = true
  }

  encrypt_at_rest {
    enabled = true
  }

  node_to_node_encryption {
    enabled = true
  }
}

resource "aws_security_group" "it" {
  name = "it"

  ingress {
    from_port   = 20
    to_port     = 30
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group_rule" "it" {
  security_group_id = aws_security_group.it.id
  type              = "ingress"
  from_port         = 3389
  to_port           = 3389
  protocol          = "tcp"
  ipv6_cidr_blocks  = ["2001:db8::/32"]
}

resource "aws_vpc_security_group_ingress_rule" "it" {
  for_each          = toset(["10.0.0.0/9", "10.128.0.0/9"])
  security_group_id = aws_security_group.it.id
  ip_protocol       = "-1"
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_egress_rule" "it" {
  security_group_id = aws_security_group.it.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_iam_policy" "it" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = ["*"] }]
  })
}

resource "aws_iam_role" "it" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "it" {
  role       = aws_iam_role.it.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_s3_bucket" "it" {
  bucket = "it"
}

resource "aws_s3_bucket_acl" "it" {
  bucket = aws_s3_bucket.it.id
  acl    = "private"
}

resource "aws_s3_bucket_public_access_block" "it" {
  bucket                  = aws_s3_bucket.it.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "it" {
  bucket = aws_s3_bucket.it.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_policy" "it" {
  bucket = aws_s3_bucket.it.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Read", Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::it/*" }]
  })
}

resource "aws_secretsmanager_secret" "it" {
  name = "it"
}

resource "aws_secretsmanager_secret_rotation" "it" {
  secret_id           = aws_secretsmanager_secret.it.id
  rotation_lambda_arn = aws_lambda_function.it.arn

  rotation_rules {
    automatically_after_days = 30
  }
}

resource "aws_s3_bucket_versioning" "it" {
  bucket = aws_s3_bucket.it.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "it" {
  bucket        = aws_s3_bucket.it.id
  target_bucket = "logs"
  target_prefix = "it/"
}

resource "aws_ecs_task_definition" "it" {
  family = "it"
  container_definitions = jsonencode([
    { name = "quiet", image = "a", memory = 64 },
    { name = "loud", image = "b", memory = 64, privileged = false, secrets = [{ name = "API_TOKEN", valueFrom = "arn:aws:ssm:eu-central-1:123456789012:parameter/token" }] },
  ])
}
