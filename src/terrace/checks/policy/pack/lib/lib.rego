# METADATA
# title: What the rules of the pack are made of
# description: |
#   Which resources will exist, what an attribute of one is - known, unknown, sensitive, or the provider's default - and
#   what a rule tells. Types are looked up in an index that is made once, since a plan may have ten thousand resources.
package terrace.lib

import rego.v1

# --- which resources ---

# The managed resources of one type that exist once the plan is applied; those that are merely kept are among them.
after(type) := [input.resources[i] | some i in _by_type(0)[type]]

# Of several types.
after_any(types) := [resource | some type in types; some resource in after(type)]

# A function, though it needs no argument: a rule would be part of the data document, which is printed as a whole.
_by_type(_) := {type: places |
	some type in {resource.type | some resource in input.resources}
	places := [i | some i; input.resources[i].type == type; survives(input.resources[i])]
}

_by_block(_) := {block: places |
	some block in {resource.block | some resource in input.resources}
	places := [i | some i; input.resources[i].block == block]
}

survives(resource) if {
	resource.mode == "managed"
	is_object(resource.after)
	not resource.action in {"delete", "forget"}
	not resource.deposed
}

# --- what an attribute is ---

# `path` goes through blocks by number: ["versioning_configuration", 0, "status"]. What the configuration does not set
# is what the object has already where it is updated, else the provider's default where the view knows it, else null.
look(resource, path) := {"is": "known", "value": found} if {
	found := object.get(resource.after, path, null)
	found != null
	not found in {{"unset": true}, {"unknown": true}, {"sensitive": true}}
} else := {"is": kind} if {
	kind := _hidden(resource, path)
} else := {"is": "known", "value": kept} if {
	resource.action == "update"
	_unset(resource, path)
	kept := object.get(resource.before, path, null)
	kept != null
} else := {"is": "known", "value": default_of(resource, path)}

# Whether the configuration sets an attribute, known or not.
is_set(resource, path) if {
	look(resource, path).is != "known"
} else if {
	not object.get(resource.after, path, null) in {null, {"unset": true}}
}

# A block that is not set has nothing in it.
_unset(resource, path) if {
	some length in numbers.range(1, count(path))
	object.get(resource.after, array.slice(path, 0, length), null) == {"unset": true}
}

known(resource, path) := seen.value if {
	seen := look(resource, path)
	seen.is == "known"
}

# Whether an attribute is known to be one of these. For `not`: a call within a negated expression ends the rule where it
# has no value, so that what is unknown would pass.
holds(resource, path, values) if known(resource, path) in values

default_of(resource, path) := object.get(resource, ["defaults", dotted([part | some part in path; is_string(part)])], null)

# A block that is unknown as a whole hides what is in it.
_hidden(resource, path) := kind if {
	some length in numbers.range(1, count(path))
	some kind in ["unknown", "sensitive"]
	object.get(resource.after, array.slice(path, 0, length), null) == {kind: true}
}

# A path whose `*` stands for every block; the block itself where nobody knows how many there will be.
places(resource, path) := [path] if {
	not "*" in path
} else := [spot |
	[before, behind] := _split(path)
	blocks := object.get(resource.after, before, [])
	is_array(blocks)
	some number, _ in blocks
	spot := array.concat(array.concat(before, [number]), behind)
] if {
	[before, _] := _split(path)
	not _hidden(resource, before)
} else := [before] if {
	[before, _] := _split(path)
}

_split(path) := [array.slice(path, 0, star), array.slice(path, star + 1, count(path))] if {
	some star
	path[star] == "*"
}

dotted(path) := concat(".", [sprintf("%v", [part]) | some part in path])

# The JSON that an attribute holds as text: a policy, the definitions of containers.
document(resource, path) := resource.json[dotted(path)]

listed(value) := value if {
	is_array(value)
} else := [] if {
	value == null
} else := [value]

# --- problems ---

broken(resource, why) := {"resource": resource, "status": "fail", "why": why}

unsure(resource, path) := {
	"resource": resource,
	"status": "unknown",
	"why": sprintf("Unknown: %s is %s", [dotted(path), _hiding(resource, path)]),
}

_hiding(resource, path) := "sensitive" if {
	_hidden(resource, path) == "sensitive"
} else := sprintf("known only after apply, and comes from %s", [concat(" or ", sort(blocks))]) if {
	blocks := object.get(resource, ["origins", path[0]], [])
	count(blocks) > 0
} else := "known only after apply"

# Every resource of these types whose attribute is none of `good`.
must(types, path, good) := {problem |
	some resource in after_any(types)
	some spot in places(resource, path)
	problem := _is_good(resource, spot, good)
}

_is_good(resource, path, good) := problem if {
	seen := look(resource, path)
	seen.is == "known"
	not seen.value in good
	problem := broken(resource, _says(resource, path, seen.value))
} else := unsure(resource, path) if {
	look(resource, path).is != "known"
}

# One attribute that bears another name in another version of the provider: the first that is there counts, and
# `absent` where none is.
judge_named(resource, names, good, absent) := problem if {
	set_ones := [name | some name in names; is_set(resource, [name])]
	count(set_ones) > 0
	problem := _is_good(resource, [set_ones[0]], good)
} else := broken(resource, sprintf("%s is not set, which means %v", [names[0], absent])) if {
	not _any_set(resource, names)
	not absent in good
}

_any_set(resource, names) if {
	some name in names
	is_set(resource, [name])
}

# Every resource of these types whose attribute is one of `bad`.
must_not(types, path, bad) := {problem |
	some resource in after_any(types)
	some spot in places(resource, path)
	problem := _is_bad(resource, spot, bad)
}

_is_bad(resource, path, bad) := problem if {
	seen := look(resource, path)
	seen.is == "known"
	seen.value in bad
	problem := broken(resource, _says(resource, path, seen.value))
} else := unsure(resource, path) if {
	look(resource, path).is != "known"
}

# Every resource of these types whose attribute is not set, or empty. What is known only after apply is set where the
# configuration leaves no doubt that there will be a value: the id of a new key, and not a parameter that may be empty.
must_be_set(types, path) := {problem |
	some resource in after_any(types)
	problem := _is_missing(resource, path)
}

_is_missing(resource, path) := problem if {
	seen := look(resource, path)
	seen.is == "known"
	seen.value in {null, "", []}
	problem := broken(resource, _says(resource, path, seen.value))
} else := unsure(resource, path) if {
	look(resource, path).is != "known"
	not path in object.get(resource, "filled", [])
}

# The same problems, but unsure where a resource takes the attribute from another one that `keys` name, unless it is set.
inheriting(problems, path, keys) := {problem |
	some one in problems
	problem := _inherited(one, path, keys)
}

_inherited(problem, path, keys) := {
	"resource": problem.resource,
	"status": "unknown",
	"why": sprintf("Unknown: %s is inherited from %s", [dotted(path), key]),
} if {
	not is_set(problem.resource, path)
	some key in keys
	is_set(problem.resource, [key])
} else := problem

# Every resource of these types whose number is below `least`; what is absent counts as `absent`.
at_least(types, path, least, absent) := {problem |
	some resource in after_any(types)
	problem := _reaches(resource, path, least, absent)
}

_reaches(resource, path, least, absent) := problem if {
	seen := look(resource, path)
	seen.is == "known"
	number := _or(seen.value, absent)
	number < least
	problem := broken(resource, sprintf("%s is %v, but must be at least %v", [dotted(path), number, least]))
} else := unsure(resource, path) if {
	look(resource, path).is != "known"
}

_or(value, absent) := absent if {
	value == null
} else := to_number(value)

_says(resource, path, value) := sprintf("%s is not set", [dotted(path)]) if {
	value == null
} else := sprintf("%s is empty", [dotted(path)]) if {
	value == []
} else := sprintf("%s is not set, which means %v", [dotted(path), value]) if {
	object.get(resource.after, path, null) in {null, {"unset": true}}
} else := sprintf("%s is %v", [dotted(path), value])

# --- resources that belong together ---

# Those of one type that set something for `resource`: [{"resource": ..., "sure": true or false}]. By the reference in
# the configuration, since ids are not known yet; by the value of `key` where both are.
linked(resource, type, key) := [{"resource": other, "sure": sure} |
	some place in _candidates(resource, type, key)
	other := input.resources[place]
	survives(other)
	sure := _belongs(other, resource, key)
]

_candidates(resource, type, key) := ({place |
	some block in resource.referred_from
	some place in _by_block(0)[block]
	input.resources[place].type == type
} | {place | some place in naming(type, key)[_name(resource, key)]}) | _strays(type, key)

# What a resource is called, for whoever names it in clear.
_name(resource, key) := object.get(resource.after, key, object.get(resource.after, "id", null))

# The resources of a type by what they have as `key`, as places in the input.
naming(type, key) := {name: found |
	some name in {object.get(resource.after, key, null) | some resource in after(type)}
	is_string(name)
	found := [i | some i in _by_type(0)[type]; object.get(input.resources[i].after, key, null) == name]
}

# Those whose target comes from elsewhere: through a variable or the output of a module.
_strays(type, key) := {i |
	some i in _by_type(0)[type]
	object.get(input.resources[i].after, key, null) == {"unknown": true}
	not _refers_to_resource(input.resources[i])
}

_refers_to_resource(resource) if {
	some block in resource.refers_to
	some place in _by_block(0)[block]
	input.resources[place].mode == "managed"
}

_belongs(other, resource, key) if {
	name := object.get(other.after, key, null)
	is_string(name)
	name in {object.get(resource.after, key, null), object.get(resource.after, "id", null)}
} else if {
	not _means_several(other, resource, key)
	_named_alone(other, resource, key)
	count(_by_block(0)[resource.block]) == 1
} else if {
	not _names_others(other, resource, key)
	not _means_several(other, resource, key)
	other.block in resource.referred_from
	other.module == resource.module
	other.index == resource.index
} else := false if {
	not is_string(object.get(other.after, key, null))
	not _names_others(other, resource, key)
	_perhaps(other, resource, key)
}

# The value of `key` comes from this block: through locals, arguments and outputs of modules.
_named_alone(other, resource, key) if {
	blocks := {block | some block in other.origins[key]; endswith(block, sprintf("%s.%s", [resource.type, resource.name]))}
	blocks == {resource.block}
}

_names_others(other, resource, key) if {
	blocks := other.origins[key]
	count(blocks) > 0
	not resource.block in blocks
}

# The value of `key` is that of one of several blocks, as a condition chooses.
_means_several(other, resource, key) if {
	blocks := {block |
		some block in other.origins[key]
		parts := split(block, ".")
		parts[count(parts) - 2] == resource.type
		_by_block(0)[block]
	}
	count(blocks) > 1
}

_perhaps(other, resource, key) if _means_several(other, resource, key)

# One refers to the other, and which of several instances it means, nobody can tell.
_perhaps(other, resource, _) if {
	other.block in resource.referred_from
	other.module != resource.module
}

_perhaps(other, resource, _) if {
	other.block in resource.referred_from
	other.module == resource.module
	null in {other.index, resource.index}
}

_perhaps(other, resource, _) if not other.block in resource.referred_from

# Whether a resource of a type names this one by an attribute, in clear or by reference.
is_named(resource, type, key) if naming(type, key)[_name(resource, key)]

is_named(resource, type, key) if naming(type, key)[object.get(resource.after, "bucket", null)]

is_named(resource, type, key) if {
	some block in resource.referred_from
	some place in _by_block(0)[block]
	other := input.resources[place]
	other.type == type
	survives(other)
	resource.block in object.get(other, ["origins", key], [])
}

# Whether a bucket takes the access logs of others.
takes_access_logs(bucket) if is_named(bucket, "aws_s3_bucket_logging", "target_bucket")

# The problem of a resource for which no other of that type sets what it should.
lacking(resource, type, key) := {broken(resource, sprintf("no %s is configured for it", [type]))} if {
	count(linked(resource, type, key)) == 0
} else := {{
	"resource": resource,
	"status": "unknown",
	"why": sprintf("Unknown: %s may or may not belong to it", [other.resource.address]),
} |
	some other in linked(resource, type, key)
} if {
	not true in {other.sure | some other in linked(resource, type, key)}
} else := set()

# --- findings ---

# One finding. `chain` is rego.metadata.chain() of the rule: the annotation of its package gives rule, severity, family
# and fix. A missing annotation leaves these out; the finding is reported nevertheless.
finding(chain, problem) := object.union_n([given, _level(problem), {
	"msg": sprintf("%s%s%s", [_title(annotations, problem), problem.why, _existing(problem.resource)]),
	"resource": problem.resource.address,
	"status": problem.status,
}]) if {
	annotations := _annotations(chain)
	custom := object.get(annotations, "custom", {})
	not _off(object.get(custom, "id", ""))
	words := {"id": "rule", "severity": "severity", "family": "family", "remediation": "fix"}
	given := {words[key]: value | some key, value in custom; words[key]}
}

# The former name of `finding`, for rules that call it.
told(chain, problem) := finding(chain, problem)

_level(problem) := {"advisory": true} if {
	problem.status == "unknown"
	setting("unknown") in {"advisory", "told"}
} else := {}

_annotations(chain) := annotations if {
	some link in chain
	annotations := link.annotations
	annotations.custom.id
} else := {}

_title(annotations, problem) := sprintf("%s? ", [annotations.title]) if {
	problem.status == "unknown"
	annotations.title
} else := sprintf("%s: ", [annotations.title]) if {
	annotations.title
} else := ""

_off(id) if id in setting("off")

_existing(resource) := " (existing; this plan does not change it)" if {
	resource.action == "no-op"
} else := ""

# --- settings ---

# The value in settings.yaml, or the default.
setting(name) := object.get(_settings(0), name, object.get(_standard, name, null))

_standard := {
	"required_tags": ["Environment", "Owner", "CostCenter", "Project"],
	"protected_environments": ["prod", "production"],
	"open_ports": [80, 443],
	"least_backup_days": 7,
	"least_key_deletion_days": 14,
	"allowed_regions": [],
	"unknown": "block",
	"off": [],
}

# Those of the input are for tests, which must not depend on what a team has set. No plan can bring any.
_settings(_) := input.settings if {
	true
} else := data.terrace.settings if {
	true
} else := data.settings if {
	true
} else := {}

# Whether the plan is of an environment whose data must survive.
protected if input.environment in setting("protected_environments")
