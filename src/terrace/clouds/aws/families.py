"""Families of the scanners' rules about AWS: rules of one family find the same fault."""

from __future__ import annotations

CHECKOV = {
    "public-storage": (
        "CKV_AWS_20 CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 CKV_AWS_57 CKV_AWS_70 CKV_AWS_392 CKV2_AWS_6"
    ),
    "storage-encryption": ("CKV_AWS_19 CKV_AWS_42 CKV_AWS_145 CKV_AWS_184"),
    "database-encryption": (
        "CKV_AWS_16 CKV_AWS_44 CKV_AWS_64 CKV_AWS_74 CKV_AWS_96 CKV_AWS_119 CKV_AWS_140 CKV_AWS_142 "
        "CKV_AWS_146 CKV_AWS_182 CKV_AWS_292 CKV_AWS_327"
    ),
    "disk-encryption": ("CKV_AWS_3 CKV_AWS_8 CKV_AWS_106 CKV_AWS_183 CKV_AWS_189 CKV_AWS_204 CKV_AWS_235 CKV2_AWS_2"),
    "queue-encryption": ("CKV_AWS_26 CKV_AWS_27 CKV_AWS_43 CKV_AWS_185 CKV_AWS_240 CKV_AWS_241 CKV2_AWS_73"),
    "https-only": ("CKV_AWS_2 CKV_AWS_34 CKV_AWS_83 CKV_AWS_127 CKV_AWS_220 CKV_AWS_376 CKV2_AWS_20 CKV2_AWS_72"),
    "tls-version": ("CKV_AWS_103 CKV_AWS_174 CKV_AWS_218 CKV2_AWS_54"),
    "open-ingress": ("CKV_AWS_24 CKV_AWS_25 CKV_AWS_229 CKV_AWS_230 CKV_AWS_231 CKV_AWS_232 CKV_AWS_260 CKV_AWS_277"),
    "open-egress": ("CKV_AWS_382"),
    "public-database": ("CKV_AWS_17 CKV_AWS_87 CKV_AWS_89 CKV_AWS_102 CKV_AWS_302"),
    "public-compute": ("CKV_AWS_88 CKV_AWS_130 CKV_AWS_333 CKV_AWS_389"),
    "iam-wildcard": ("CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV_AWS_72 CKV_AWS_110 CKV_AWS_286 CKV2_AWS_40"),
    "iam-public": (
        "CKV_AWS_32 CKV_AWS_33 CKV_AWS_60 CKV_AWS_61 CKV_AWS_167 CKV_AWS_168 CKV_AWS_169 CKV_AWS_301 CKV_AWS_387"
    ),
    "hard-coded-secret": ("CKV_AWS_41 CKV_AWS_45 CKV_AWS_46"),
    "logging": (
        "CKV_AWS_18 CKV_AWS_48 CKV_AWS_71 CKV_AWS_76 CKV_AWS_86 CKV_AWS_91 CKV_AWS_92 CKV_AWS_129 CKV_AWS_324 "
        "CKV2_AWS_11 CKV2_AWS_31"
    ),
    "backup": ("CKV_AWS_28 CKV_AWS_133 CKV_AWS_134 CKV_AWS_165 CKV_AWS_360 CKV2_AWS_8"),
    "deletion-protection": ("CKV_AWS_139 CKV_AWS_150 CKV_AWS_293 CKV_AWS_344"),
    "key-rotation": ("CKV_AWS_7"),
    "secret-expiry": ("CKV_AWS_304 CKV2_AWS_57"),
    "versioning": ("CKV_AWS_21"),
    "metadata-service": ("CKV_AWS_79 CKV_AWS_341"),
    "container-privilege": ("CKV_AWS_334"),
    "cluster-public": ("CKV_AWS_38 CKV_AWS_39 CKV_AWS_100"),
    "cluster-logging": ("CKV_AWS_37"),
    "availability": ("CKV_AWS_157"),
    "default-network": ("CKV_AWS_148"),
    "long-lived-credential": ("CKV_AWS_273"),
    "outdated-runtime": ("CKV_AWS_363"),
    "request-smuggling": ("CKV_AWS_131"),
}

TRIVY = {
    "public-storage": ("AWS-0086 AWS-0087 AWS-0091 AWS-0092 AWS-0093 AWS-0094"),
    "storage-encryption": ("AWS-0037 AWS-0088 AWS-0132"),
    "database-encryption": ("AWS-0021 AWS-0022 AWS-0025 AWS-0079 AWS-0080 AWS-0084"),
    "disk-encryption": ("AWS-0008 AWS-0026 AWS-0027 AWS-0122 AWS-0131"),
    "queue-encryption": ("AWS-0095 AWS-0096 AWS-0135 AWS-0136"),
    "https-only": ("AWS-0012 AWS-0054"),
    "tls-version": ("AWS-0013 AWS-0047"),
    "open-ingress": ("AWS-0105 AWS-0107"),
    "open-egress": ("AWS-0104"),
    "public-database": ("AWS-0180"),
    "public-compute": ("AWS-0009 AWS-0164"),
    "iam-wildcard": ("AWS-0057 AWS-0097 AWS-0114 AWS-0120"),
    "iam-public": ("AWS-0032"),
    "logging": ("AWS-0010 AWS-0020 AWS-0089 AWS-0178"),
    "backup": ("AWS-0050 AWS-0077"),
    "deletion-protection": ("AWS-0177 AWS-0343"),
    "key-rotation": ("AWS-0065"),
    "versioning": ("AWS-0090"),
    "metadata-service": ("AWS-0028 AWS-0130"),
    "cluster-public": ("AWS-0040 AWS-0041"),
    "cluster-logging": ("AWS-0038"),
    "default-network": ("AWS-0101"),
    "request-smuggling": ("AWS-0052"),
}
