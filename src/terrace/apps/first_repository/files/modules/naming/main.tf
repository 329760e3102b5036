# Names and tags, in one place: every resource gets its name and its tags from here.

locals {
  prefix = "${var.project}-${var.environment}"
}
