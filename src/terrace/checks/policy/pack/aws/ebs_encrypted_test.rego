package terrace.aws.ebs_encrypted_test

import rego.v1

import data.terrace.aws.ebs_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_ebs_volume", {"encrypted": false})
}

test_silent if {
	testing.silent(ebs_encrypted.deny) with input as testing.one("aws_ebs_volume", {"encrypted": true})
}

test_unknown if {
	testing.unknown(ebs_encrypted.deny) with input as testing.one("aws_ebs_volume", {"encrypted": testing.later})
}

test_fires_2 if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": [{"encrypted": true}], "ebs_block_device": [{"encrypted": true}, {"encrypted": false}]})
}

test_fires_3 if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_launch_template", {"block_device_mappings": [{"ebs": [{"encrypted": "false"}]}]})
}

test_unknown_2 if {
	testing.unknown(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": testing.later})
}

test_fires_4 if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": [{"encrypted": false}]})
}

test_silent_2 if {
	testing.silent(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": [{"encrypted": true}]})
}

test_fires_5 if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_instance", {"ebs_block_device": [{"encrypted": false}]})
}

test_unknown_3 if {
	testing.unknown(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": [{"encrypted": true}], "ebs_block_device": testing.later})
}

test_silent_3 if {
	testing.silent(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": [{"encrypted": true}], "ebs_block_device": testing.unset})
}

test_fires_6 if {
	testing.fails(ebs_encrypted.deny) with input as testing.one("aws_instance", {"root_block_device": testing.unset})
}
