package terrace.lib_test

import rego.v1

import data.terrace.lib
import data.terrace.lib.network
import data.terrace.testing

_gone := object.union(testing.resource("t", {}), {"action": "delete"})

_read := object.union(testing.resource("t", {}), {"mode": "data"})

_deposed := object.union(testing.resource("t", {}), {"deposed": true})

test_only_what_will_exist_is_looked_at if {
	lib.after("t") == [] with input as testing.plan([_gone, _read, _deposed])
	count(lib.after("t")) == 1 with input as testing.one("t", {})
}

test_what_exists_already_is_said if {
	kept := object.union(testing.resource("aws_db_instance", {"publicly_accessible": true}), {"action": "no-op"})
	some finding in data.terrace.aws.rds_public.deny with input as testing.plan([kept])
	contains(finding.msg, "does not change it")
}

test_what_is_absent_is_the_default_of_the_provider if {
	one := object.union(testing.resource("t", {"a": null}), {"defaults": {"a": 7, "b.c": 8}})
	lib.known(one, ["a"]) == 7
	lib.known(one, ["b", 0, "c"]) == 8
	lib.known(one, ["d"]) == null
	found := {problem.why | some problem in lib.must({"t"}, ["a"], {1})} with input as testing.plan([one])
	found == {"a is not set, which means 7"}
}

test_an_unknown_block_hides_what_is_in_it if {
	one := testing.resource("t", {"a": testing.later, "b": [{"c": testing.secret}]})
	lib.look(one, ["a", 0, "x"]).is == "unknown"
	lib.look(one, ["b", 0, "c"]).is == "sensitive"
	lib.places(one, ["a", "*", "x"]) == [["a"]]
	lib.places(one, ["b", "*", "c"]) == [["b", 0, "c"]]
	lib.places(one, ["d", "*", "c"]) == []
	contains(lib.unsure(one, ["b", 0, "c"]).why, "b.0.c is sensitive")
}

_parts(other) := [testing.resource("bucket", {"name": "b", "id": "b"}), other]

_sure(resources, source) := found if {
	linked := testing.link(resources, source, "bucket.it")
	found := {one.sure | some one in lib.linked(linked[0], "block", "bucket")} with input as testing.plan(linked)
}

test_what_belongs_together_by_reference if {
	_sure(_parts(testing.resource("block", {"bucket": testing.later})), "block.it") == {true}
}

test_what_belongs_together_by_name if {
	_sure(_parts(testing.resource("block", {"bucket": "b"})), "") == {true}
	_sure(_parts(testing.resource("block", {"bucket": "other"})), "") == set()
}

test_what_may_belong_together_is_not_sure if {
	_sure(_parts(testing.resource("block", {"bucket": testing.later})), "") == {false}

	# One of several instances, and nobody knows which.
	several := object.union(testing.resource("block", {"bucket": testing.later}), {"index": "a"})
	_sure(_parts(several), "block.it") == {false}
}

test_what_belongs_to_another_does_not_count if {
	resources := [
		testing.resource("bucket", {"id": testing.later}), testing.named("bucket", "other", {"id": testing.later}),
		testing.resource("block", {"bucket": testing.later}),
	]
	linked := testing.link(resources, "block.it", "bucket.other")
	lib.linked(linked[0], "block", "bucket") == [] with input as testing.plan(linked)
}

test_instances_belong_to_instances_of_the_same_key if {
	bucket := [object.union(testing.resource("bucket", {}), {"index": key, "referred_from": ["block.it"]}) | some key in ["a", "b"]]
	block := object.union(testing.resource("block", {"bucket": testing.later}), {"index": "a", "refers_to": ["bucket.it"]})
	given := testing.plan(array.concat(bucket, [block]))
	found := {one.sure | some one in lib.linked(bucket[0], "block", "bucket")} with input as given
	found == {true}
	lib.linked(bucket[1], "block", "bucket") == [] with input as given
}

test_what_is_the_whole_internet if {
	every source in ["0.0.0.0/0", "::/0", "*", "Any", "INTERNET", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", " 0.0.0.0/0 "] {
		network.everywhere(source)
	}
	every source in ["10.0.0.0/8", "fc00::/7", "FD00::/8", "2001:db8::/32", "VirtualNetwork", "192.0.2.1"] {
		not network.everywhere(source)
	}
}

test_ranges_of_ports if {
	network.range_of("*") == {"from": 0, "to": 65535}
	network.range_of("20-30") == {"from": 20, "to": 30}
	network.range_of("22") == {"from": 22, "to": 22}
}

test_settings_are_those_of_the_team if {
	lib.setting("required_tags") == ["a"] with data.terrace.settings as {"required_tags": ["a"]}
	lib.setting("nothing_of_the_sort") == null
}

test_a_rule_that_is_off_is_silent if {
	public := testing.one("aws_db_instance", {"publicly_accessible": true})
	count(data.terrace.aws.rds_public.deny) == 0 with input as testing.under({"off": ["aws-rds-public"]}, public)
}

test_a_rule_that_says_nothing_of_itself_still_speaks if {
	problem := lib.broken(testing.resource("t", {}), "it is so")
	lib.finding([{"path": ["a"]}], problem) == {"msg": "it is so", "resource": "t.it", "status": "fail"}
	lib.finding([{"annotations": {"title": "Bad", "custom": {"id": "x"}}, "path": ["a"]}], problem) == {
		"msg": "Bad: it is so",
		"resource": "t.it",
		"status": "fail",
		"rule": "x",
	}
}

# Removing a line from the settings does not remove the rule.
test_a_setting_that_is_missing_is_as_it_was_shipped if {
	lib.setting("least_backup_days") == 7 with input as {"settings": {}}
}

test_an_unknown_result_blocks_unless_the_setting_says_advisory if {
	problem := lib.unsure(testing.resource("t", {"a": testing.later}), ["a"])
	not "advisory" in object.keys(lib.finding([], problem)) with input as testing.plan([])
	lib.finding([], problem).advisory with input as testing.under({"unknown": "advisory"}, testing.plan([]))
	lib.told([], problem).advisory with input as testing.under({"unknown": "told"}, testing.plan([]))
	some finding in data.terrace.aws.rds_public.deny with input as testing.one("aws_db_instance", {"publicly_accessible": testing.later})
	startswith(finding.msg, "A database has a public address? Unknown: publicly_accessible is known")
}

# What is not set, in an update, is what the object has.
test_an_update_keeps_what_is_not_set if {
	updated := object.union(testing.resource("aws_a", {"policy": testing.unset}), {"action": "update", "before": {"policy": "open"}})
	lib.known(updated, ["policy"]) == "open"
	replaced := object.union(updated, {"action": "replace"})
	lib.known(replaced, ["policy"]) == null
}

test_a_resource_takes_from_a_source_what_is_not_set if {
	problem := {"resource": {"after": {"encrypted": testing.unset, "snapshot": "s"}, "action": "create"}, "status": "fail", "why": ""}
	some inherited in lib.inheriting({problem}, ["encrypted"], ["snapshot"])
	inherited.status == "unknown"
	lib.inheriting({problem}, ["encrypted"], ["source"]) == {problem}
}

test_what_will_surely_have_a_value_is_set if {
	topic := object.union(testing.resource("aws_a", {"key": testing.later}), {"filled": [["key"]]})
	count(lib.must_be_set({"aws_a"}, ["key"])) == 0 with input as testing.plan([topic])
	count(lib.must_be_set({"aws_a"}, ["key"])) == 1 with input as testing.one("aws_a", {"key": testing.unset})
}

test_a_reference_that_may_be_empty_is_unknown_and_says_where_it_comes_from if {
	topic := object.union(testing.resource("aws_a", {"key": testing.later}), {"origins": {"key": ["aws_ssm_parameter.p"]}})
	some problem in lib.must_be_set({"aws_a"}, ["key"]) with input as testing.plan([topic])
	problem.status == "unknown"
	contains(problem.why, "key is known only after apply, and comes from aws_ssm_parameter.p")
}

test_what_a_condition_chooses_belongs_to_none_for_sure if {
	resources := [testing.named("aws_s3_bucket", name, {}) | some name in ["a", "b"]]
	block := object.union(testing.named("block", "it", {"bucket": testing.later}), {"origins": {"bucket": ["aws_s3_bucket.a", "aws_s3_bucket.b"]}, "refers_to": ["aws_s3_bucket.a", "aws_s3_bucket.b"]})
	buckets := [object.union(one, {"referred_from": ["block.it"]}) | some one in resources]
	every bucket in buckets {
		[problem] := [one | some one in lib.lacking(bucket, "block", "bucket")] with input as testing.plan(array.concat(buckets, [block]))
		problem.status == "unknown"
	}
	alone := object.union(block, {"origins": {"bucket": ["aws_s3_bucket.a", "aws_s3_bucket.gone"]}})
	count(lib.lacking(buckets[0], "block", "bucket")) == 0 with input as testing.plan([buckets[0], alone])
}
