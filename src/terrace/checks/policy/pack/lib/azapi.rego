# METADATA
# title: Resources of Azure that are written as the API has them
package terrace.lib.azapi

import rego.v1

import data.terrace.lib

# Every azapi_resource of an ARM type whose body has at `path` none of `good`. A body is an object, or JSON in a text.
must(type, path, good) := {problem |
	some one in lib.after("azapi_resource")
	is_string(one.after.type)
	startswith(lower(one.after.type), sprintf("%s@", [lower(type)]))
	problem := _judged(one, path, good)
}

_judged(one, path, good) := lib.unsure(one, array.concat(["body"], path)) if {
	lib.look(one, array.concat(["body"], path)).is != "known"
} else := lib.broken(one, sprintf("body.%s is %v", [lib.dotted(path), value])) if {
	value := object.get(_body(one), path, null)
	not value in good
}

_body(one) := lib.document(one, ["body"]) if {
	is_string(one.after.body)
} else := one.after.body
