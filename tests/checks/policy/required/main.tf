# One resource of each of these types with only the arguments that its schema requires, made from the schema of the provider.

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

resource "aws_acm_certificate" "it" {

  domain_name       = "example.com"
  validation_method = "DNS"
}

resource "aws_ami_copy" "it" {
  name              = "ordinary"
  source_ami_id     = "ordinary"
  source_ami_region = "ordinary"
}

resource "aws_api_gateway_api_key" "it" {
  name = "ordinary"
}

resource "aws_api_gateway_rest_api" "it" {
  name = "ordinary"
}

resource "aws_api_gateway_deployment" "it" {
  rest_api_id = "ordinary"
}

resource "aws_api_gateway_resource" "it" {
  parent_id   = "ordinary"
  path_part   = "ordinary"
  rest_api_id = "ordinary"
}

resource "aws_api_gateway_method" "it" {
  authorization = "AWS_IAM"
  http_method   = "GET"
  resource_id   = "ordinary"
  rest_api_id   = "ordinary"
}

resource "aws_api_gateway_stage" "it" {
  deployment_id = "ordinary"
  rest_api_id   = "ordinary"
  stage_name    = "ordinary"
}

resource "aws_api_gateway_usage_plan" "it" {
  name = "ordinary"
}

resource "aws_apigatewayv2_api" "it" {
  name          = "ordinary"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "it" {
  api_id = "ordinary"
  name   = "ordinary"
}

resource "aws_apigatewayv2_route" "it" {
  api_id    = "ordinary"
  route_key = "GET /a"
}

resource "aws_apigatewayv2_integration" "it" {
  api_id           = "ordinary"
  integration_type = "HTTP_PROXY"
}

resource "aws_appautoscaling_target" "it" {
  max_capacity       = 1
  min_capacity       = 1
  resource_id        = "service/a/b"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}

resource "aws_appautoscaling_policy" "it" {
  name               = "ordinary"
  resource_id        = "ordinary"
  scalable_dimension = "ordinary"
  service_namespace  = "ordinary"
}

resource "aws_appconfig_application" "it" {
  name = "ordinary"
}

resource "aws_athena_workgroup" "it" {
  name = "ordinary"
}

resource "aws_athena_database" "it" {
  name   = "ordinary"
  bucket = "a"
}

resource "aws_autoscaling_group" "it" {
  max_size             = 1
  min_size             = 1
  availability_zones   = ["eu-central-1a"]
  launch_configuration = "a"
}

resource "aws_autoscaling_policy" "it" {
  autoscaling_group_name = "ordinary"
  name                   = "ordinary"
}

resource "aws_backup_plan" "it" {
  name = "ordinary"
  rule {
    rule_name         = "ordinary"
    target_vault_name = "ordinary"
  }
}

resource "aws_backup_vault" "it" {
  name = "ordinary"
}

resource "aws_backup_selection" "it" {
  iam_role_arn = "arn:aws:iam::123456789012:role/a"
  name         = "ordinary"
  plan_id      = "ordinary"
}

resource "aws_budgets_budget" "it" {
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = "10"
  limit_unit   = "USD"
}

resource "aws_cloudformation_stack" "it" {
  name = "ordinary"
}

resource "aws_cloudfront_distribution" "it" {
  enabled = true
  default_cache_behavior {
    allowed_methods        = ["ordinary"]
    cached_methods         = ["ordinary"]
    target_origin_id       = "ordinary"
    viewer_protocol_policy = "redirect-to-https"
  }
  origin {
    domain_name = "example.com"
    origin_id   = "ordinary"
  }
  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {

  }
}

resource "aws_cloudfront_origin_access_control" "it" {
  name                              = "ordinary"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_origin_access_identity" "it" {

}

resource "aws_cloudtrail" "it" {
  name           = "ordinary"
  s3_bucket_name = "ordinary"
}

resource "aws_cloudwatch_dashboard" "it" {
  dashboard_body = jsonencode({})
  dashboard_name = "ordinary"
}

resource "aws_cloudwatch_event_bus" "it" {
  name = "ordinary"
}

resource "aws_cloudwatch_event_rule" "it" {

  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "it" {
  arn  = "arn:aws:iam::123456789012:role/a"
  rule = "ordinary"
}

resource "aws_cloudwatch_log_group" "it" {

}

resource "aws_cloudwatch_log_metric_filter" "it" {
  log_group_name = "ordinary"
  name           = "ordinary"
  pattern        = "ordinary"
  metric_transformation {
    name      = "ordinary"
    namespace = "ordinary"
    value     = "ordinary"
  }
}

resource "aws_cloudwatch_log_stream" "it" {
  log_group_name = "ordinary"
  name           = "ordinary"
}

resource "aws_cloudwatch_log_subscription_filter" "it" {
  destination_arn = "arn:aws:iam::123456789012:role/a"
  filter_pattern  = "ordinary"
  log_group_name  = "ordinary"
  name            = "ordinary"
}

resource "aws_cloudwatch_metric_alarm" "it" {
  alarm_name          = "ordinary"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 80
}

resource "aws_codeartifact_domain" "it" {
  domain = "example.com"
}

resource "aws_codeartifact_repository" "it" {
  domain     = "example.com"
  repository = "ordinary"
}

resource "aws_codecommit_repository" "it" {
  repository_name = "ordinary"
}

resource "aws_codedeploy_app" "it" {
  name = "ordinary"
}

resource "aws_codedeploy_deployment_group" "it" {
  app_name              = "ordinary"
  deployment_group_name = "ordinary"
  service_role_arn      = "arn:aws:iam::123456789012:role/a"
}

resource "aws_codestarconnections_connection" "it" {
  name = "ordinary"
}

resource "aws_cognito_identity_pool" "it" {
  identity_pool_name = "ordinary"
}

resource "aws_cognito_user_pool" "it" {
  name = "ordinary"
}

resource "aws_cognito_user_pool_client" "it" {
  name         = "ordinary"
  user_pool_id = "ordinary"
}

resource "aws_cognito_user_pool_domain" "it" {
  domain       = "example.com"
  user_pool_id = "ordinary"
}

resource "aws_config_configuration_recorder" "it" {
  role_arn = "arn:aws:iam::123456789012:role/a"
}

resource "aws_config_delivery_channel" "it" {
  s3_bucket_name = "ordinary"
}

resource "aws_customer_gateway" "it" {
  type       = "ipsec.1"
  bgp_asn    = 65000
  ip_address = "192.0.2.1"
}

resource "aws_datasync_location_s3" "it" {
  s3_bucket_arn = "arn:aws:iam::123456789012:role/a"
  subdirectory  = "ordinary"
  s3_config {
    bucket_access_role_arn = "arn:aws:iam::123456789012:role/a"
  }
}

resource "aws_db_event_subscription" "it" {
  sns_topic = "arn:aws:sns:eu-central-1:123456789012:a"
}

resource "aws_db_instance" "it" {
  instance_class              = "db.t3.micro"
  allocated_storage           = 20
  engine                      = "postgres"
  username                    = "app"
  manage_master_user_password = true
  skip_final_snapshot         = true
}

resource "aws_db_option_group" "it" {
  engine_name          = "ordinary"
  major_engine_version = "ordinary"
}

resource "aws_db_parameter_group" "it" {
  family = "ordinary"
}

resource "aws_db_proxy" "it" {
  engine_family  = "POSTGRESQL"
  name           = "ordinary"
  role_arn       = "arn:aws:iam::123456789012:role/a"
  vpc_subnet_ids = ["subnet-1", "subnet-2"]
  auth {

  }
}

resource "aws_db_snapshot" "it" {
  db_instance_identifier = "ordinary"
  db_snapshot_identifier = "ordinary"
}

resource "aws_db_subnet_group" "it" {
  subnet_ids = ["subnet-1", "subnet-2"]
}

resource "aws_default_security_group" "it" {

}

resource "aws_default_vpc" "it" {

}

resource "aws_dlm_lifecycle_policy" "it" {
  description        = "ordinary"
  execution_role_arn = "arn:aws:iam::123456789012:role/a"
  policy_details {

  }
}

resource "aws_dms_endpoint" "it" {
  endpoint_id   = "ordinary"
  endpoint_type = "source"
  engine_name   = "postgres"
}

resource "aws_dms_replication_instance" "it" {
  replication_instance_class = "dms.t3.micro"
  replication_instance_id    = "ordinary"
}

resource "aws_dms_replication_subnet_group" "it" {
  replication_subnet_group_description = "ordinary"
  replication_subnet_group_id          = "ordinary"
  subnet_ids                           = ["subnet-1", "subnet-2"]
}

resource "aws_docdb_cluster" "it" {

}

resource "aws_docdb_cluster_instance" "it" {
  cluster_identifier = "ordinary"
  instance_class     = "ordinary"
}

resource "aws_docdb_subnet_group" "it" {
  subnet_ids = ["subnet-1", "subnet-2"]
}

resource "aws_dynamodb_table" "it" {
  name         = "ordinary"
  hash_key     = "id"
  billing_mode = "PAY_PER_REQUEST"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_ebs_snapshot" "it" {
  volume_id = "ordinary"
}

resource "aws_ebs_snapshot_copy" "it" {
  source_region      = "eu-central-1"
  source_snapshot_id = "ordinary"
}

resource "aws_ebs_volume" "it" {
  availability_zone = "eu-central-1a"
  size              = 8
}

resource "aws_ec2_transit_gateway" "it" {

}

resource "aws_ec2_transit_gateway_vpc_attachment" "it" {
  subnet_ids         = ["subnet-1", "subnet-2"]
  transit_gateway_id = "ordinary"
  vpc_id             = "vpc-1"
}

resource "aws_ecr_lifecycle_policy" "it" {
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  repository = "ordinary"
}

resource "aws_ecr_repository" "it" {
  name = "ordinary"
}

resource "aws_ecr_repository_policy" "it" {
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  repository = "ordinary"
}

resource "aws_ecrpublic_repository" "it" {
  repository_name = "ordinary"
}

resource "aws_ecs_capacity_provider" "it" {
  name = "ordinary"
  auto_scaling_group_provider {
    auto_scaling_group_arn = "arn:aws:iam::123456789012:role/a"
  }
}

resource "aws_ecs_cluster" "it" {
  name = "ordinary"
}

resource "aws_ecs_service" "it" {
  name = "ordinary"
}

resource "aws_ecs_task_definition" "it" {
  container_definitions = jsonencode([{ name = "a", image = "a:1", memory = 128 }])
  family                = "ordinary"
}

resource "aws_efs_access_point" "it" {
  file_system_id = "ordinary"
}

resource "aws_efs_file_system" "it" {

}

resource "aws_efs_mount_target" "it" {
  file_system_id = "ordinary"
  subnet_id      = "subnet-1"
}

resource "aws_efs_file_system_policy" "it" {
  file_system_id = "ordinary"
  policy         = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_egress_only_internet_gateway" "it" {
  vpc_id = "vpc-1"
}

resource "aws_eip" "it" {

  domain = "vpc"
}

resource "aws_eip_association" "it" {

  instance_id = "i-1"
}

resource "aws_eks_addon" "it" {
  addon_name   = "ordinary"
  cluster_name = "ordinary"
}

resource "aws_eks_cluster" "it" {
  name     = "ordinary"
  role_arn = "arn:aws:iam::123456789012:role/a"
  vpc_config {
    subnet_ids = ["subnet-1", "subnet-2"]
  }
}

resource "aws_eks_fargate_profile" "it" {
  cluster_name           = "ordinary"
  fargate_profile_name   = "ordinary"
  pod_execution_role_arn = "arn:aws:iam::123456789012:role/a"
  selector {
    namespace = "ordinary"
  }
}

resource "aws_eks_node_group" "it" {
  cluster_name  = "ordinary"
  node_role_arn = "arn:aws:iam::123456789012:role/a"
  subnet_ids    = ["subnet-1", "subnet-2"]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
}

resource "aws_elastic_beanstalk_application" "it" {
  name = "ordinary"
}

resource "aws_elastic_beanstalk_environment" "it" {
  application = "ordinary"
  name        = "ordinary"
}

resource "aws_elasticache_cluster" "it" {
  cluster_id      = "ordinary"
  engine          = "redis"
  node_type       = "cache.t3.micro"
  num_cache_nodes = 1
}

resource "aws_elasticache_parameter_group" "it" {
  family = "ordinary"
  name   = "ordinary"
}

resource "aws_elasticache_replication_group" "it" {
  description          = "ordinary"
  replication_group_id = "ordinary"
  node_type            = "cache.t3.micro"
}

resource "aws_elasticache_subnet_group" "it" {
  name       = "ordinary"
  subnet_ids = ["subnet-1", "subnet-2"]
}

resource "aws_elasticache_serverless_cache" "it" {
  engine = "redis"
  name   = "ordinary"
}

resource "aws_elasticsearch_domain" "it" {
  domain_name = "ordinary"
}

resource "aws_elb" "it" {
  listener {
    instance_port     = 80
    instance_protocol = "HTTP"
    lb_port           = 80
    lb_protocol       = "HTTP"
  }
  availability_zones = ["eu-central-1a"]
}

resource "aws_emr_cluster" "it" {
  name          = "ordinary"
  release_label = "ordinary"
  service_role  = "arn:aws:iam::123456789012:role/a"
}

resource "aws_flow_log" "it" {

  vpc_id               = "vpc-1"
  traffic_type         = "ALL"
  log_destination      = "arn:aws:s3:::a"
  log_destination_type = "s3"
}

resource "aws_globalaccelerator_accelerator" "it" {
  name = "ordinary"
}

resource "aws_glue_catalog_database" "it" {
  name = "ordinary"
}

resource "aws_glue_catalog_table" "it" {
  database_name = "ordinary"
  name          = "ordinary"
}

resource "aws_glue_connection" "it" {
  name = "ordinary"
}

resource "aws_glue_job" "it" {
  name     = "ordinary"
  role_arn = "arn:aws:iam::123456789012:role/a"
  command {
    script_location = "ordinary"
  }
}

resource "aws_guardduty_detector" "it" {

}

resource "aws_iam_access_key" "it" {
  user = "ordinary"
}

resource "aws_iam_account_password_policy" "it" {

  minimum_password_length = 14
}

resource "aws_iam_group" "it" {
  name = "ordinary"
}

resource "aws_iam_group_policy" "it" {
  group  = "ordinary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_iam_group_policy_attachment" "it" {
  group      = "ordinary"
  policy_arn = "arn:aws:iam::123456789012:role/a"
}

resource "aws_iam_instance_profile" "it" {

}

resource "aws_iam_openid_connect_provider" "it" {
  client_id_list = ["ordinary"]
  url            = "https://token.actions.githubusercontent.com"
}

resource "aws_iam_policy" "it" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_iam_role" "it" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_iam_role_policy" "it" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  role   = "a"
}

resource "aws_iam_role_policy_attachment" "it" {
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  role       = "a"
}

resource "aws_iam_service_linked_role" "it" {
  aws_service_name = "ecs.amazonaws.com"
}

resource "aws_iam_user" "it" {
  name = "ordinary"
}

resource "aws_iam_user_policy" "it" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  user   = "ordinary"
}

resource "aws_iam_user_policy_attachment" "it" {
  policy_arn = "arn:aws:iam::123456789012:role/a"
  user       = "ordinary"
}

resource "aws_instance" "it" {

  ami           = "ami-12345678"
  instance_type = "t3.micro"
}

resource "aws_internet_gateway" "it" {

}

resource "aws_iot_thing" "it" {
  name = "ordinary"
}

resource "aws_key_pair" "it" {
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqfX7Yk5v1bPqKfM0m0y6T9y1Kz7xV0d1p9H2xQ8s1a a"
}

resource "aws_kinesis_stream" "it" {
  name        = "ordinary"
  shard_count = 1
}

resource "aws_kms_alias" "it" {
  target_key_id = "ordinary"
  name          = "alias/a"
}

resource "aws_kms_key" "it" {

}

resource "aws_kms_external_key" "it" {

}

resource "aws_lambda_alias" "it" {
  function_name    = "ordinary"
  function_version = "ordinary"
  name             = "ordinary"
}

resource "aws_lambda_event_source_mapping" "it" {
  function_name    = "ordinary"
  event_source_arn = "arn:aws:sqs:eu-central-1:123456789012:a"
}

resource "aws_lambda_function" "it" {
  function_name = "ordinary"
  role          = "arn:aws:iam::123456789012:role/a"
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/a:1"
}

resource "aws_lambda_function_url" "it" {
  authorization_type = "AWS_IAM"
  function_name      = "ordinary"
}

resource "aws_lambda_layer_version" "it" {
  layer_name = "ordinary"
}

resource "aws_lambda_permission" "it" {
  action        = "lambda:InvokeFunction"
  function_name = "ordinary"
  principal     = "sns.amazonaws.com"
}

resource "aws_launch_configuration" "it" {
  image_id      = "ami-12345678"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "it" {

}

resource "aws_lb" "it" {

  subnets = ["subnet-1", "subnet-2"]
}

resource "aws_lb_listener" "it" {
  load_balancer_arn = "arn:aws:iam::123456789012:role/a"
  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/a/1234567890123456"
  }
  port            = 443
  protocol        = "HTTPS"
  certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
}

resource "aws_lb_listener_rule" "it" {
  listener_arn = "arn:aws:iam::123456789012:role/a"
  action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/a/1234567890123456"
  }
  condition {

  }
}

resource "aws_lb_target_group" "it" {

  port     = 80
  protocol = "HTTP"
  vpc_id   = "vpc-1"
}

resource "aws_lb_target_group_attachment" "it" {
  target_group_arn = "arn:aws:iam::123456789012:role/a"
  target_id        = "ordinary"
}

resource "aws_lightsail_instance" "it" {
  availability_zone = "eu-central-1a"
  blueprint_id      = "ordinary"
  bundle_id         = "ordinary"
  name              = "ordinary"
}

resource "aws_memorydb_cluster" "it" {
  acl_name  = "ordinary"
  node_type = "ordinary"
}

resource "aws_mq_broker" "it" {
  broker_name        = "ordinary"
  engine_type        = "ActiveMQ"
  engine_version     = "ordinary"
  host_instance_type = "mq.t3.micro"
  user {
    password = "not-a-real-password-1"
    username = "ordinary"
  }
}

resource "aws_msk_cluster" "it" {
  cluster_name           = "ordinary"
  kafka_version          = "ordinary"
  number_of_broker_nodes = 1
  broker_node_group_info {
    client_subnets  = ["subnet-1", "subnet-2"]
    instance_type   = "kafka.m5.large"
    security_groups = ["sg-1"]
  }
}

resource "aws_msk_serverless_cluster" "it" {
  cluster_name = "ordinary"
  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
  vpc_config {
    subnet_ids = ["subnet-1", "subnet-2"]
  }
}

resource "aws_mwaa_environment" "it" {
  dag_s3_path        = "ordinary"
  execution_role_arn = "arn:aws:iam::123456789012:role/a"
  name               = "ordinary"
  source_bucket_arn  = "arn:aws:iam::123456789012:role/a"
  network_configuration {
    security_group_ids = ["sg-1"]
    subnet_ids         = ["subnet-1", "subnet-2"]
  }
}

resource "aws_nat_gateway" "it" {
  subnet_id = "subnet-1"
}

resource "aws_neptune_cluster" "it" {

}

resource "aws_neptune_cluster_instance" "it" {
  cluster_identifier = "ordinary"
  instance_class     = "ordinary"
}

resource "aws_neptune_subnet_group" "it" {
  subnet_ids = ["subnet-1", "subnet-2"]
}

resource "aws_network_acl" "it" {
  vpc_id = "vpc-1"
}

resource "aws_network_acl_rule" "it" {
  network_acl_id = "ordinary"
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = 1
  cidr_block     = "10.0.0.0/8"
  from_port      = 443
  to_port        = 443
}

resource "aws_network_interface" "it" {
  subnet_id = "subnet-1"
}

resource "aws_networkfirewall_firewall" "it" {
  firewall_policy_arn = "arn:aws:iam::123456789012:role/a"
  name                = "ordinary"
  vpc_id              = "vpc-1"
  subnet_mapping {
    subnet_id = "subnet-1"
  }
}

resource "aws_opensearch_domain" "it" {
  domain_name = "ordinary"
}

resource "aws_opensearchserverless_collection" "it" {
  name = "ordinary"
}

resource "aws_organizations_account" "it" {
  email = "a@example.com"
  name  = "ordinary"
}

resource "aws_placement_group" "it" {
  name     = "ordinary"
  strategy = "cluster"
}

resource "aws_prometheus_workspace" "it" {

}

resource "aws_ram_resource_share" "it" {
  name = "ordinary"
}

resource "aws_rds_cluster" "it" {
  engine                      = "aurora-postgresql"
  master_username             = "app"
  manage_master_user_password = true
}

resource "aws_rds_cluster_instance" "it" {
  cluster_identifier = "ordinary"
  engine             = "aurora-postgresql"
  instance_class     = "db.r6g.large"
}

resource "aws_rds_cluster_parameter_group" "it" {
  family = "ordinary"
}

resource "aws_rds_global_cluster" "it" {
  global_cluster_identifier = "ordinary"
}

resource "aws_redshift_cluster" "it" {
  cluster_identifier     = "ordinary"
  node_type              = "ra3.large"
  master_username        = "admin"
  manage_master_password = true
}

resource "aws_redshift_parameter_group" "it" {
  family = "ordinary"
  name   = "ordinary"
}

resource "aws_redshift_subnet_group" "it" {
  name       = "ordinary"
  subnet_ids = ["subnet-1", "subnet-2"]
}

resource "aws_redshiftserverless_namespace" "it" {
  namespace_name = "ordinary"
}

resource "aws_redshiftserverless_workgroup" "it" {
  namespace_name = "ordinary"
  workgroup_name = "ordinary"
}

resource "aws_resourcegroups_group" "it" {
  name = "ordinary"
}

resource "aws_route" "it" {
  route_table_id         = "ordinary"
  destination_cidr_block = "10.1.0.0/16"
  gateway_id             = "igw-1"
}

resource "aws_route53_record" "it" {
  name    = "ordinary"
  type    = "A"
  zone_id = "ordinary"
  ttl     = 60
  records = ["10.0.0.1"]
}

resource "aws_route53_zone" "it" {
  name = "ordinary"
}

resource "aws_route_table" "it" {
  vpc_id = "vpc-1"
}

resource "aws_route_table_association" "it" {
  route_table_id = "ordinary"
  subnet_id      = "subnet-1"
}

resource "aws_s3_bucket" "it" {

}

resource "aws_s3_bucket_acl" "it" {
  bucket = "ordinary"
  acl    = "private"
}

resource "aws_s3_bucket_cors_configuration" "it" {
  bucket = "ordinary"
  cors_rule {
    allowed_methods = ["ordinary"]
    allowed_origins = ["ordinary"]
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "it" {
  bucket = "ordinary"
}

resource "aws_s3_bucket_logging" "it" {
  bucket        = "ordinary"
  target_bucket = "ordinary"
  target_prefix = "ordinary"
}

resource "aws_s3_bucket_notification" "it" {
  bucket = "ordinary"
}

resource "aws_s3_bucket_object" "it" {
  bucket = "ordinary"
  key    = "ordinary"
}

resource "aws_s3_bucket_ownership_controls" "it" {
  bucket = "ordinary"
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "it" {
  bucket = "ordinary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_s3_bucket_public_access_block" "it" {
  bucket = "ordinary"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "it" {
  bucket = "ordinary"
  rule {

  }
}

resource "aws_s3_bucket_versioning" "it" {
  bucket = "ordinary"
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_website_configuration" "it" {
  bucket = "ordinary"
}

resource "aws_s3_object" "it" {
  bucket  = "ordinary"
  key     = "ordinary"
  content = "a"
}

resource "aws_s3_access_point" "it" {
  bucket = "ordinary"
  name   = "ordinary"
}

resource "aws_sagemaker_model" "it" {
  execution_role_arn = "arn:aws:iam::123456789012:role/a"
}

resource "aws_schemas_registry" "it" {
  name = "ordinary"
}

resource "aws_secretsmanager_secret" "it" {

}

resource "aws_secretsmanager_secret_policy" "it" {
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  secret_arn = "arn:aws:iam::123456789012:role/a"
}

resource "aws_secretsmanager_secret_version" "it" {
  secret_id                = "ordinary"
  secret_string_wo         = "x"
  secret_string_wo_version = 1
}

resource "aws_security_group" "it" {

}

resource "aws_security_group_rule" "it" {
  from_port         = 443
  protocol          = "tcp"
  security_group_id = "sg-1"
  to_port           = 443
  type              = "ingress"
  cidr_blocks       = ["10.0.0.0/8"]
}

resource "aws_securityhub_account" "it" {

}

resource "aws_service_discovery_private_dns_namespace" "it" {
  name = "ordinary"
  vpc  = "ordinary"
}

resource "aws_service_discovery_service" "it" {
  name = "ordinary"
}

resource "aws_servicecatalog_portfolio" "it" {
  name          = "ordinary"
  provider_name = "ordinary"
}

resource "aws_ses_domain_identity" "it" {
  domain = "example.com"
}

resource "aws_ses_email_identity" "it" {
  email = "a@example.com"
}

resource "aws_sesv2_email_identity" "it" {
  email_identity = "a@example.com"
}

resource "aws_sns_topic" "it" {

}

resource "aws_sns_topic_policy" "it" {
  arn    = "arn:aws:iam::123456789012:role/a"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
}

resource "aws_sns_topic_subscription" "it" {
  endpoint  = "ordinary"
  protocol  = "sqs"
  topic_arn = "arn:aws:iam::123456789012:role/a"
}

resource "aws_spot_instance_request" "it" {

  ami           = "ami-12345678"
  instance_type = "t3.micro"
}

resource "aws_sqs_queue" "it" {

}

resource "aws_sqs_queue_policy" "it" {
  policy    = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole", Resource = "arn:aws:s3:::a" }] })
  queue_url = "ordinary"
}

resource "aws_ssm_association" "it" {
  name = "ordinary"
}

resource "aws_ssm_document" "it" {
  content       = jsonencode({ schemaVersion = "2.2", description = "a", mainSteps = [] })
  document_type = "Command"
  name          = "ordinary"
}

resource "aws_ssm_maintenance_window" "it" {
  cutoff   = 1
  duration = 1
  name     = "ordinary"
  schedule = "ordinary"
}

resource "aws_ssm_parameter" "it" {
  name  = "ordinary"
  type  = "String"
  value = "a"
}

resource "aws_ssm_patch_baseline" "it" {
  name = "ordinary"
}

resource "aws_ssoadmin_permission_set" "it" {
  instance_arn = "arn:aws:iam::123456789012:role/a"
  name         = "ordinary"
}

resource "aws_subnet" "it" {
  vpc_id     = "vpc-1"
  cidr_block = "10.0.1.0/24"
}

resource "aws_synthetics_canary" "it" {
  artifact_s3_location = "ordinary"
  execution_role_arn   = "arn:aws:iam::123456789012:role/a"
  handler              = "ordinary"
  name                 = "ordinary"
  runtime_version      = "ordinary"
  schedule {
    expression = "ordinary"
  }
}

resource "aws_timestreamwrite_database" "it" {
  database_name = "ordinary"
}

resource "aws_transfer_server" "it" {

}

resource "aws_volume_attachment" "it" {
  device_name = "ordinary"
  instance_id = "ordinary"
  volume_id   = "ordinary"
}

resource "aws_vpc" "it" {

  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc_endpoint" "it" {
  vpc_id = "vpc-1"
}

resource "aws_vpc_endpoint_service" "it" {
  acceptance_required = true
}

resource "aws_vpc_peering_connection" "it" {
  peer_vpc_id = "ordinary"
  vpc_id      = "vpc-1"
}

resource "aws_vpc_security_group_egress_rule" "it" {
  ip_protocol       = "tcp"
  security_group_id = "sg-1"
  cidr_ipv4         = "10.0.0.0/8"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "it" {
  ip_protocol       = "tcp"
  security_group_id = "sg-1"
  cidr_ipv4         = "10.0.0.0/8"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpn_connection" "it" {
  customer_gateway_id = "ordinary"
  type                = "ipsec.1"
  transit_gateway_id  = "tgw-1"
}

resource "aws_vpn_gateway" "it" {

}

resource "aws_wafv2_ip_set" "it" {
  ip_address_version = "IPV4"
  scope              = "REGIONAL"
}

resource "aws_wafv2_web_acl" "it" {
  scope = "REGIONAL"
  default_action {

  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "ordinary"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "it" {
  resource_arn = "arn:aws:iam::123456789012:role/a"
  web_acl_arn  = "arn:aws:iam::123456789012:role/a"
}

resource "aws_xray_sampling_rule" "it" {
  fixed_rate     = 1
  host           = "ordinary"
  http_method    = "ordinary"
  priority       = 1
  reservoir_size = 1
  resource_arn   = "arn:aws:iam::123456789012:role/a"
  service_name   = "ordinary"
  service_type   = "ordinary"
  url_path       = "ordinary"
  version        = 1
}
