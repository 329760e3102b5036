variable "origins" {
  type    = any
  default = {}
}

variable "viewer_certificate" {
  type    = any
  default = { cloudfront_default_certificate = true }
}

variable "viewer_protocol_policy" {
  type    = string
  default = "redirect-to-https"
}

resource "aws_cloudfront_origin_access_control" "this" {
  for_each = var.origins

  name                              = each.key
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "this" {
  enabled = true

  dynamic "origin" {
    for_each = var.origins

    content {
      domain_name              = origin.value.domain_name
      origin_id                = lookup(origin.value, "origin_id", origin.key)
      origin_access_control_id = aws_cloudfront_origin_access_control.this[origin.key].id
    }
  }

  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = keys(var.origins)[0]
    viewer_protocol_policy = var.viewer_protocol_policy
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn            = lookup(var.viewer_certificate, "acm_certificate_arn", null)
    cloudfront_default_certificate = lookup(var.viewer_certificate, "cloudfront_default_certificate", null)
    minimum_protocol_version       = lookup(var.viewer_certificate, "minimum_protocol_version", "TLSv1")
    ssl_support_method             = lookup(var.viewer_certificate, "ssl_support_method", null)
  }
}
