package terrace.aws.rds_backup_test

import rego.v1

import data.terrace.aws.rds_backup
import data.terrace.testing

test_fires if {
	testing.fails(rds_backup.warn) with input as testing.one("aws_db_instance", {"backup_retention_period": 0})
}

test_silent if {
	testing.silent(rds_backup.warn) with input as testing.one("aws_db_instance", {"backup_retention_period": 30})
}

test_unknown if {
	testing.unknown(rds_backup.warn) with input as testing.one("aws_db_instance", {"backup_retention_period": testing.later})
}
