variable "domain_name" {
  type = string
}

variable "zone_id" {
  type    = string
  default = ""
}

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  count   = 1
  zone_id = var.zone_id
  name    = element(aws_acm_certificate.this.domain_validation_options[*].resource_record_name, count.index)
  type    = element(aws_acm_certificate.this.domain_validation_options[*].resource_record_type, count.index)
  records = [element(aws_acm_certificate.this.domain_validation_options[*].resource_record_value, count.index)]
  ttl     = 60
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = aws_route53_record.validation[*].fqdn
}

output "acm_certificate_arn" {
  value = try(aws_acm_certificate_validation.this.certificate_arn, aws_acm_certificate.this.arn, "")
}
