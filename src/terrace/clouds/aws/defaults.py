"""Values that the provider of AWS assumes for attributes that a configuration does not set.

Seen in plans of the provider (5.100). A default that differs between two versions is not listed.
"""

from __future__ import annotations

from terrace.clouds.cloud import Default

VERSIONS = "hashicorp/aws 4 to 6"

_CLUSTERS = ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
_SEARCH = ("aws_opensearch_domain", "aws_elasticsearch_domain")
_BLOCK = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")

DEFAULTS: tuple[Default, ...] = (
    Default(("aws_db_instance", *_CLUSTERS), "storage_encrypted", False, VERSIONS),
    Default(("aws_db_instance", *_CLUSTERS), "deletion_protection", False, VERSIONS),
    Default(("aws_db_instance", "aws_rds_cluster_instance"), "publicly_accessible", False, VERSIONS),
    Default(("aws_mq_broker", "aws_dms_replication_instance"), "publicly_accessible", False, VERSIONS),
    Default(("aws_redshiftserverless_workgroup",), "publicly_accessible", False, VERSIONS),
    Default(("aws_db_instance",), "backup_retention_period", 0, VERSIONS),
    Default(_CLUSTERS, "backup_retention_period", 1, VERSIONS),
    Default(("aws_db_instance",), "multi_az", False, VERSIONS),
    Default(("aws_sqs_queue",), "sqs_managed_sse_enabled", True, VERSIONS),
    Default(("aws_instance", "aws_launch_template"), "metadata_options.http_tokens", "optional", VERSIONS),
    Default(("aws_instance", "aws_launch_template"), "metadata_options.http_endpoint", "enabled", VERSIONS),
    Default(("aws_ebs_volume", "aws_ebs_snapshot_copy"), "encrypted", False, VERSIONS),
    Default(("aws_instance",), "root_block_device.encrypted", False, VERSIONS),
    Default(("aws_instance",), "ebs_block_device.encrypted", False, VERSIONS),
    Default(("aws_efs_file_system",), "encrypted", False, VERSIONS),
    Default(("aws_elasticache_replication_group",), "at_rest_encryption_enabled", False, VERSIONS),
    Default(("aws_elasticache_replication_group",), "transit_encryption_enabled", False, VERSIONS),
    Default(("aws_dynamodb_table",), "point_in_time_recovery.enabled", False, VERSIONS),
    Default(("aws_lb_listener", "aws_alb_listener"), "protocol", "HTTP", VERSIONS),
    Default(("aws_lb_listener", "aws_alb_listener"), "ssl_policy", "ELBSecurityPolicy-2016-08", VERSIONS),
    Default(_SEARCH, "domain_endpoint_options.enforce_https", False, VERSIONS),
    Default(_SEARCH, "encrypt_at_rest.enabled", False, VERSIONS),
    Default(_SEARCH, "node_to_node_encryption.enabled", False, VERSIONS),
    Default(("aws_dynamodb_table",), "deletion_protection_enabled", False, VERSIONS),
    Default(("aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"), "deletion_window_in_days", 30, VERSIONS),
    Default(("aws_kms_key",), "enable_key_rotation", False, VERSIONS),
    Default(("aws_kms_key",), "key_usage", "ENCRYPT_DECRYPT", VERSIONS),
    Default(("aws_kms_key",), "customer_master_key_spec", "SYMMETRIC_DEFAULT", VERSIONS),
    Default(("aws_cloudtrail",), "is_multi_region_trail", False, VERSIONS),
    Default(("aws_cloudtrail",), "enable_log_file_validation", False, VERSIONS),
    Default(("aws_ecr_repository",), "image_tag_mutability", "MUTABLE", VERSIONS),
    Default(("aws_ecr_repository",), "image_scanning_configuration.scan_on_push", False, VERSIONS),
    Default(("aws_cloudwatch_log_group",), "retention_in_days", 0, VERSIONS),
    Default(("aws_lb", "aws_alb"), "drop_invalid_header_fields", False, VERSIONS),
    Default(("aws_lb", "aws_alb"), "load_balancer_type", "application", VERSIONS),
    Default(("aws_kinesis_stream",), "encryption_type", "NONE", VERSIONS),
    Default(("aws_eks_cluster",), "vpc_config.endpoint_public_access", True, VERSIONS),
    Default(("aws_subnet",), "map_public_ip_on_launch", False, VERSIONS),
    *(Default(("aws_s3_bucket_public_access_block",), attribute, False, VERSIONS) for attribute in _BLOCK),
)
