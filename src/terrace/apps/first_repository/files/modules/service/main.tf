# The service. `terraform_data` is built into Terraform, so that the first deployment needs no account. Replace it
# with your resources, for example an aws_ecs_service or an azurerm_container_app.

resource "terraform_data" "service" {
  input = {
    name     = "${var.name}-web"
    replicas = var.replicas
    tags     = var.tags
  }
}
