# METADATA
# title: What the tests of the rules are made of
package terrace.testing

import rego.v1

later := {"unknown": true}

# What the configuration does not set.
unset := {"unset": true}

secret := {"sensitive": true}

# One resource of a plan that creates it.
resource(type, after) := named(type, "it", after)

named(type, name, after) := {
	"address": sprintf("%s.%s", [type, name]),
	"block": sprintf("%s.%s", [type, name]),
	"type": type,
	"name": name,
	"index": null,
	"mode": "managed",
	"module": "",
	"provider": "",
	"action": "create",
	"deposed": false,
	"before": null,
	"after": after,
	"unknown": [],
	"sensitive": [],
	"unmarked": [],
	"replaced_by": [],
	"json": {key: json.unmarshal(text) | some key, text in after; is_string(text); json.is_valid(text)},
	"defaults": {},
	"refers_to": [],
	"origins": {},
	"taken": {},
	"filled": [],
	"referred_from": [],
}

# One that sets something for another, by reference.
link(resources, source, target) := [linked |
	some one in resources
	linked := object.union(one, {
		"refers_to": [block | some block in [target]; one.block == source],
		"referred_from": [block | some block in [source]; one.block == target],
	})
]

plan(resources) := {
	"terrace": 2,
	"environment": "prod",
	"stack": "prod",
	"complete": true,
	"errored": false,
	"resources": resources,
	"outputs": [],
	"settings": {},
}

# A plan judged by some settings of one's own.
under(settings, given) := object.union(given, {"settings": settings})

one(type, after) := plan([resource(type, after)])

# Which status each address has.
statuses(found) := {finding.resource: finding.status | some finding in found}

fails(found) if {f.status | some f in found} == {"fail"}

unknown(found) if {f.status | some f in found} == {"unknown"}

silent(found) if count(found) == 0
