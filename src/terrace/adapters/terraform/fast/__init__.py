"""The fast lane: a provider's schema is cut to what a stack names, between Terraform and the provider.

Nearly all the time of a plan with a large provider goes into its schema, which every command has sent and decodes anew.
Here Terraform reaches the provider through a relay (TF_REATTACH_PROVIDERS) that answers the question for the schema
from a cache and passes everything else on, to a provider process of its own for every `Configure`. Where anything is
not as it should be, the lane steps aside and Terraform plans the plain way.

    `types`       which types the configuration and the state of a stack name
    `lock_file`, `package`    which provider program that is, and the proof that it is the locked one
    `schema`, `schema_store`  the provider's schema, cut, kept
    `wire`, `grpc`, `provider`, `relay`, `serve`    the process that stands between
    `lane`        the same from Terrace's side
    `memory`      what the lane was surprised by
"""
