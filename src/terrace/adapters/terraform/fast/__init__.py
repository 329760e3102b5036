"""The fast lane: reduces a provider's schema to the types that a stack uses, between Terraform and the provider.

A plan with a large provider spends nearly all its time on the provider's schema, which every command requests and
decodes again. With the fast lane, Terraform reaches the provider through a relay (TF_REATTACH_PROVIDERS) that serves
the schema from a cache and passes everything else on, to a separate provider process for every `Configure`. Where
anything is unexpected, Terraform plans without the fast lane.

    `types`       the types in the configuration and the state of a stack
    `lock_file`, `package`    the provider program, and the proof that it is the locked one
    `schema`, `schema_store`  the provider's schema: reduced, cached
    `wire`, `grpc`, `provider`, `relay`, `serve`    the process between them
    `lane`        its client in Terrace
    `memory`      what the lane was surprised by
"""
