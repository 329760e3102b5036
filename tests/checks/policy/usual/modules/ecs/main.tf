variable "name" {
  type = string
}

variable "execution_role_arn" {
  type    = string
  default = null
}

variable "container_definitions" {
  type    = any
  default = {}
}

variable "subnets" {
  type    = list(string)
  default = []
}

variable "security_group_ids" {
  type    = list(string)
  default = []
}

variable "load_balancer" {
  type    = any
  default = {}
}

variable "assign_public_ip" {
  type    = bool
  default = false
}

variable "log_retention_in_days" {
  type    = number
  default = 90
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  dynamic "setting" {
    for_each = flatten([{ name = "containerInsights", value = "enabled" }])

    content {
      name  = setting.value.name
      value = setting.value.value
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE"]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.container_definitions

  name              = "/aws/ecs/${var.name}/${each.key}"
  retention_in_days = var.log_retention_in_days
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = var.execution_role_arn

  container_definitions = jsonencode([
    for k, v in var.container_definitions : {
      name                   = k
      image                  = v.image
      essential              = try(v.essential, true)
      privileged             = try(v.privileged, false)
      readonlyRootFilesystem = try(v.readonly_root_filesystem, true)
      logConfiguration = {
        logDriver = "awslogs"
        options   = { awslogs-group = aws_cloudwatch_log_group.this[k].name, awslogs-stream-prefix = k }
      }
    }
  ])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 2
  launch_type     = "FARGATE"

  network_configuration {
    subnets          = var.subnets
    security_groups  = var.security_group_ids
    assign_public_ip = var.assign_public_ip
  }

  dynamic "load_balancer" {
    for_each = { for k, v in var.load_balancer : k => v }

    content {
      container_name   = load_balancer.value.container_name
      container_port   = load_balancer.value.container_port
      target_group_arn = try(load_balancer.value.target_group_arn, null)
    }
  }
}
