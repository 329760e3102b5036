"""Which rules of scanners are about the same, and how bad that is where a scanner does not say.

A family is a word that the policies of Terrace use too. Rules that are in none stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from terrace.assess.model import Severity

LEAKED = "leaked-secret"
"""The family of what stands in a commit: a line of a file, unlike `hard-coded-secret`, which is about a resource."""

SEVERITIES: Mapping[str, Severity] = {
    "public-storage": Severity.HIGH,
    "storage-encryption": Severity.MEDIUM,
    "database-encryption": Severity.HIGH,
    "disk-encryption": Severity.HIGH,
    "queue-encryption": Severity.MEDIUM,
    "https-only": Severity.HIGH,
    "tls-version": Severity.MEDIUM,
    "open-ingress": Severity.HIGH,
    "open-egress": Severity.LOW,
    "public-database": Severity.CRITICAL,
    "public-compute": Severity.MEDIUM,
    "iam-wildcard": Severity.HIGH,
    "iam-public": Severity.CRITICAL,
    "required-tags": Severity.LOW,
    "hard-coded-secret": Severity.CRITICAL,
    LEAKED: Severity.CRITICAL,
    "logging": Severity.LOW,
    "backup": Severity.MEDIUM,
    "deletion-protection": Severity.MEDIUM,
    "key-rotation": Severity.MEDIUM,
    "versioning": Severity.LOW,
    "metadata-service": Severity.HIGH,
    "secret-expiry": Severity.LOW,
    "container-privilege": Severity.HIGH,
    "cluster-public": Severity.HIGH,
    "cluster-logging": Severity.LOW,
    "availability": Severity.LOW,
    "default-network": Severity.LOW,
    "disk-exposure": Severity.MEDIUM,
    "identity": Severity.MEDIUM,
    "long-lived-credential": Severity.MEDIUM,
    "outdated-runtime": Severity.MEDIUM,
    "request-smuggling": Severity.MEDIUM,
}
"""How bad a family is, for scanners that do not say. Low is what makes a change neither open nor lost."""

_CHECKOV = {
    "public-storage": (
        "CKV_AWS_20 CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 CKV_AWS_57 CKV_AWS_70 CKV_AWS_392 CKV2_AWS_6"
        " CKV_AZURE_34 CKV_AZURE_59 CKV_AZURE_190 CKV2_AZURE_8 CKV2_AZURE_47"
    ),
    "storage-encryption": "CKV_AWS_19 CKV_AWS_42 CKV_AWS_145 CKV_AWS_184 CKV_AZURE_105 CKV2_AZURE_1",
    "database-encryption": (
        "CKV_AWS_16 CKV_AWS_44 CKV_AWS_64 CKV_AWS_74 CKV_AWS_96 CKV_AWS_119 CKV_AWS_140 CKV_AWS_142 CKV_AWS_146"
        " CKV_AWS_182 CKV_AWS_292 CKV_AWS_327 CKV_AZURE_96 CKV_AZURE_100 CKV_AZURE_130 CKV2_AZURE_25"
    ),
    "disk-encryption": (
        "CKV_AWS_3 CKV_AWS_8 CKV_AWS_106 CKV_AWS_183 CKV_AWS_189 CKV_AWS_204 CKV_AWS_235 CKV2_AWS_2 CKV_AZURE_2"
        " CKV_AZURE_93 CKV_AZURE_117 CKV_AZURE_151"
    ),
    "queue-encryption": "CKV_AWS_26 CKV_AWS_27 CKV_AWS_43 CKV_AWS_185 CKV_AWS_240 CKV_AWS_241 CKV2_AWS_73",
    "https-only": (
        "CKV_AWS_2 CKV_AWS_34 CKV_AWS_83 CKV_AWS_127 CKV_AWS_220 CKV_AWS_376 CKV2_AWS_20 CKV2_AWS_72 CKV_AZURE_3"
        " CKV_AZURE_14 CKV_AZURE_70 CKV_AZURE_153 CKV_AZURE_197 CKV_AZURE_215 CKV_AZURE_217"
    ),
    "tls-version": (
        "CKV_AWS_103 CKV_AWS_174 CKV_AWS_218 CKV2_AWS_54 CKV_AZURE_15 CKV_AZURE_44 CKV_AZURE_52 CKV_AZURE_54"
        " CKV_AZURE_145 CKV_AZURE_147 CKV_AZURE_148 CKV_AZURE_154 CKV_AZURE_173 CKV_AZURE_200 CKV_AZURE_205"
        " CKV_AZURE_218 CKV_AZURE_223 CKV2_AZURE_37"
    ),
    "open-ingress": (
        "CKV_AWS_24 CKV_AWS_25 CKV_AWS_229 CKV_AWS_230 CKV_AWS_231 CKV_AWS_232 CKV_AWS_260 CKV_AWS_277 CKV_AZURE_9"
        " CKV_AZURE_10 CKV_AZURE_77 CKV_AZURE_160"
    ),
    "open-egress": "CKV_AWS_382",
    "public-database": (
        "CKV_AWS_17 CKV_AWS_87 CKV_AWS_89 CKV_AWS_102 CKV_AWS_302 CKV_AZURE_11 CKV_AZURE_48 CKV_AZURE_53 CKV_AZURE_68"
        " CKV_AZURE_89 CKV_AZURE_101 CKV_AZURE_113 CKV2_AZURE_26 CKV2_AZURE_34"
    ),
    "public-compute": "CKV_AWS_88 CKV_AWS_130 CKV_AWS_333 CKV_AWS_389 CKV_AZURE_119 CKV2_AZURE_39",
    "iam-wildcard": ("CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV_AWS_72 CKV_AWS_110 CKV_AWS_286 CKV2_AWS_40"),
    "iam-public": (
        "CKV_AWS_32 CKV_AWS_33 CKV_AWS_60 CKV_AWS_61 CKV_AWS_167 CKV_AWS_168 CKV_AWS_169 CKV_AWS_301 CKV_AWS_387"
    ),
    "hard-coded-secret": "CKV_AWS_41 CKV_AWS_45 CKV_AWS_46 CKV_AZURE_235 CKV_AZURE_239",
    "logging": (
        "CKV_AWS_18 CKV_AWS_48 CKV_AWS_71 CKV_AWS_76 CKV_AWS_86 CKV_AWS_91 CKV_AWS_92 CKV_AWS_129 CKV_AWS_324"
        " CKV2_AWS_11 CKV2_AWS_31 CKV_AZURE_33 CKV_AZURE_63 CKV_AZURE_159 CKV2_AZURE_20 CKV2_AZURE_21"
    ),
    "backup": (
        "CKV_AWS_28 CKV_AWS_133 CKV_AWS_134 CKV_AWS_165 CKV_AWS_360 CKV2_AWS_8 CKV_AZURE_94 CKV_AZURE_102 CKV_AZURE_129"
        " CKV2_AZURE_12"
    ),
    "deletion-protection": "CKV_AWS_139 CKV_AWS_150 CKV_AWS_293 CKV_AWS_344 CKV_AZURE_110 CKV_AZURE_187 CKV2_AZURE_38",
    "key-rotation": "CKV_AWS_7",
    "secret-expiry": "CKV_AWS_304 CKV2_AWS_57 CKV_AZURE_40 CKV_AZURE_41",
    "versioning": "CKV_AWS_21",
    "metadata-service": "CKV_AWS_79 CKV_AWS_341",
    "container-privilege": "CKV_AWS_334",
    "cluster-public": "CKV_AWS_38 CKV_AWS_39 CKV_AWS_100 CKV_AZURE_143",
    "cluster-logging": "CKV_AWS_37 CKV_AZURE_4",
    "availability": "CKV_AWS_157",
    "default-network": "CKV_AWS_148",
    "disk-exposure": "CKV_AZURE_251",
    "identity": "CKV_AZURE_1 CKV_AZURE_71 CKV_AZURE_178",
    "long-lived-credential": "CKV_AWS_273 CKV_AZURE_137 CKV2_AZURE_40",
    "outdated-runtime": "CKV_AWS_363",
    "request-smuggling": "CKV_AWS_131",
}

_TRIVY = {
    "public-storage": "AWS-0086 AWS-0087 AWS-0091 AWS-0092 AWS-0093 AWS-0094 AZU-0007",
    "storage-encryption": "AWS-0037 AWS-0088 AWS-0132 AZU-0036 AZU-0060 AZU-0061",
    "database-encryption": "AWS-0021 AWS-0022 AWS-0025 AWS-0079 AWS-0080 AWS-0084",
    "disk-encryption": "AWS-0008 AWS-0026 AWS-0027 AWS-0122 AWS-0131 AZU-0038 AZU-0067",
    "queue-encryption": "AWS-0095 AWS-0096 AWS-0135 AWS-0136",
    "https-only": "AWS-0012 AWS-0054 AZU-0004 AZU-0008 AZU-0072",
    "tls-version": "AWS-0013 AWS-0047 AZU-0006 AZU-0011 AZU-0026",
    "open-ingress": "AWS-0105 AWS-0107 AZU-0047 AZU-0048 AZU-0050",
    "open-egress": "AWS-0104 AZU-0051",
    "public-database": "AWS-0180 AZU-0022 AZU-0029",
    "public-compute": "AWS-0009 AWS-0164 AZU-0076",
    "iam-wildcard": "AWS-0057 AWS-0097 AWS-0114 AWS-0120",
    "iam-public": "AWS-0032",
    "logging": "AWS-0010 AWS-0020 AWS-0089 AWS-0178 AZU-0009 AZU-0057",
    "backup": "AWS-0050 AWS-0077",
    "deletion-protection": "AWS-0177 AWS-0343 AZU-0016",
    "key-rotation": "AWS-0065",
    "secret-expiry": "AZU-0014 AZU-0017",
    "versioning": "AWS-0090",
    "metadata-service": "AWS-0028 AWS-0130",
    "cluster-public": "AWS-0040 AWS-0041",
    "cluster-logging": "AWS-0038 AZU-0040",
    "default-network": "AWS-0101",
    "identity": "AZU-0039",
    "request-smuggling": "AWS-0052",
}


def family_of(tool: str, rule: str) -> str:
    """The family of a scanner's rule, by the scanner's own name for it; "" when it is in none."""
    return _FAMILIES.get((tool, rule.removeprefix("AVD-")), "")


def _turned() -> Iterator[tuple[tuple[str, str], str]]:
    for tool, families in (("checkov", _CHECKOV), ("trivy", _TRIVY)):
        for family, rules in families.items():
            for rule in rules.split():
                yield (tool, rule), family


_FAMILIES: Mapping[tuple[str, str], str] = dict(_turned())
