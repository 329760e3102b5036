variable "table" {
  description = "a | b || c \\| d\n| e | f |"
  type        = string
  default     = "x | y"
}

variable "markers" {
  description = "<!-- terrace:docs:end -->\n<!-- END_TF_DOCS -->\n<!-- terrace:docs:begin -->"
}

variable "html" {
  description = "<script>alert(1)</script><img src=x onerror=alert(1)> &amp; &lt;"
  default     = "</pre></code></table><!-- -->"
}

variable "markdown" {
  description = "[click](javascript:alert(1)) ![i](https://example.com/t.png) **b** _i_ snake_case ~~s~~ $x$ :tada: a*b*c"
  default     = "`` ` ```"
}

variable "backticks" {
  description = "one ` alone, `two | in` a span, ```three```"
  default     = "`"
}

variable "controls" {
  description = "bell \u0007 bidi \u202e end \u2028 line"
  default     = "tab\tnewline\nend"
}

variable "unicode_ключ" {
  description = "日本語 ключ 🚀"
  default     = "ключ"
}

variable "long" {
  default = [
    # A comment keeps it as it stands.
    "a|b",
        "c",
  ]
}

output "out" {
  description = "| --- | <b>"
  value       = 1
}

module "strange" {
  source = "git::https://example.com/a.git//b|c?ref=v1`2"
}
