resource "aws_db_instance" "it" {
  instance_class          = "db.t4g.micro"
  engine                  = "postgres"
  allocated_storage       = 20
  username                = "app"
  password                = "Tr0ub4dor&3"
  publicly_accessible     = true
  backup_retention_period = 0
}

resource "aws_rds_cluster" "it" {
  engine          = "aurora-postgresql"
  master_username = "app"
  master_password = "Tr0ub4dor&3"
}

resource "aws_rds_cluster_instance" "it" {
  cluster_identifier  = aws_rds_cluster.it.id
  engine              = "aurora-postgresql"
  instance_class      = "db.t4g.medium"
  publicly_accessible = true
}

resource "aws_docdb_cluster" "it" {}

resource "aws_neptune_cluster" "it" {}

resource "aws_dynamodb_table" "it" {
  name         = "it"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_ebs_volume" "it" {
  availability_zone = "eu-central-1a"
  size              = 1
  encrypted         = false
}

resource "aws_instance" "it" {
  ami                         = "ami-1"
  instance_type               = "t4g.micro"
  associate_public_ip_address = true

  metadata_options {
    http_tokens = "optional"
  }

  root_block_device {
    encrypted = false
  }
}

resource "aws_launch_template" "it" {
  network_interfaces {
    associate_public_ip_address = true
  }

  metadata_options {
    http_tokens = "optional"
  }

  block_device_mappings {
    ebs {
      encrypted = false
    }
  }
}

resource "aws_subnet" "it" {
  vpc_id                  = aws_default_vpc.it.id
  cidr_block              = "10.0.0.0/24"
  map_public_ip_on_launch = true
}

resource "aws_default_vpc" "it" {}

resource "aws_efs_file_system" "it" {
  encrypted = false
}

resource "aws_redshift_cluster" "it" {
  cluster_identifier  = "it"
  node_type           = "ra3.large"
  publicly_accessible = true
  encrypted           = false
  skip_final_snapshot = true
}

resource "aws_elasticache_replication_group" "it" {
  replication_group_id       = "it"
  description                = "it"
  at_rest_encryption_enabled = false
  transit_encryption_enabled = false
}

resource "aws_sqs_queue" "it" {
  sqs_managed_sse_enabled = false
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Sid = "All", Effect = "Allow", Principal = "*", Action = "sqs:*", Resource = "*" }
  })
}

resource "aws_sns_topic" "it" {}

resource "aws_kinesis_stream" "it" {
  name        = "it"
  shard_count = 1
}

resource "aws_mq_broker" "it" {
  broker_name         = "it"
  engine_type         = "ActiveMQ"
  engine_version      = "5.18"
  host_instance_type  = "mq.t3.micro"
  publicly_accessible = true

  user {
    username = "app"
    password = "Tr0ub4dor&3-longer"
  }
}

resource "aws_kms_key" "it" {
  deletion_window_in_days = 7
}

resource "aws_cloudtrail" "it" {
  name           = "trail"
  s3_bucket_name = "logs"
}

resource "aws_ecr_repository" "it" {
  name = "it"
}

resource "aws_lambda_function" "it" {
  function_name = "it"
  role          = "arn:aws:iam::123456789012:role/it"
  runtime       = "python3.8"
  handler       = "it.handler"
  s3_bucket     = "code"
  s3_key        = "it.zip"

  environment {
    variables = {
      DB_PASSWORD = "Tr0ub4dor&3"
    }
  }
}

resource "aws_lambda_function_url" "it" {
  function_name      = aws_lambda_function.it.function_name
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "it" {
  function_name = aws_lambda_function.it.function_name
  action        = "lambda:InvokeFunction"
  principal     = "*"
}

resource "aws_lb" "it" {
  name    = "it"
  subnets = ["subnet-1", "subnet-2"]
}

resource "aws_lb_listener" "clear" {
  load_balancer_arn = aws_lb.it.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/it/1"
  }
}

resource "aws_lb_listener" "old" {
  load_balancer_arn = aws_lb.it.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-2016-08"
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
    viewer_protocol_policy = "allow-all"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

resource "aws_cloudwatch_log_group" "it" {
  name = "it"
}

resource "aws_eks_cluster" "it" {
  name     = "it"
  role_arn = "arn:aws:iam::123456789012:role/it"

  vpc_config {
    subnet_ids = ["subnet-1", "subnet-2"]
  }
}

resource "aws_opensearch_domain" "it" {
  domain_name = "search"

  domain_endpoint_options {
    enforce_https = false
  }

  encrypt_at_rest {
    enabled = false
  }

  node_to_node_encryption {
    enabled = false
  }
}

resource "aws_security_group" "it" {
  name = "it"

  ingress {
    from_port   = 20
    to_port     = 30
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group_rule" "it" {
  security_group_id = aws_security_group.it.id
  type              = "ingress"
  from_port         = 3389
  to_port           = 3389
  protocol          = "tcp"
  ipv6_cidr_blocks  = ["::/0"]
}

resource "aws_vpc_security_group_ingress_rule" "it" {
  for_each          = toset(["0.0.0.0/1", "128.0.0.0/1"])
  security_group_id = aws_security_group.it.id
  ip_protocol       = "-1"
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_egress_rule" "it" {
  security_group_id = aws_security_group.it.id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_iam_policy" "it" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["*"], Resource = ["*"] }]
  })
}

resource "aws_iam_role" "it" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "it" {
  role       = aws_iam_role.it.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_access_key" "it" {
  user = "ci"
}

resource "aws_s3_bucket" "it" {
  bucket = "it"
}

resource "aws_s3_bucket_acl" "it" {
  bucket = aws_s3_bucket.it.id
  acl    = "public-read"
}

resource "aws_s3_bucket_public_access_block" "it" {
  bucket            = aws_s3_bucket.it.id
  block_public_acls = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "it" {
  bucket = aws_s3_bucket.it.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "it" {
  bucket = aws_s3_bucket.it.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Read", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::it/*" }]
  })
}

resource "aws_secretsmanager_secret" "it" {
  name = "it"
}

resource "aws_ecs_task_definition" "it" {
  family = "it"
  container_definitions = jsonencode([
    { name = "quiet", image = "a", memory = 64 },
    { name = "loud", image = "b", memory = 64, privileged = true, environment = [{ name = "API_TOKEN", value = "9f8e7d6c5b4a39281706" }] },
  ])
}

# What nobody can tell before apply.
resource "aws_s3_bucket_policy" "later" {
  bucket = aws_s3_bucket.it.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = aws_iam_role.it.arn }, Action = "s3:*", Resource = "*" }]
  })
}

resource "aws_instance" "later" {
  ami           = "ami-1"
  instance_type = "t4g.micro"
}
