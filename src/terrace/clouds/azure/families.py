"""Families of the scanners' rules about Azure: rules of one family find the same fault."""

from __future__ import annotations

CHECKOV = {
    "public-storage": ("CKV_AZURE_34 CKV_AZURE_59 CKV_AZURE_190 CKV2_AZURE_8 CKV2_AZURE_47"),
    "storage-encryption": ("CKV_AZURE_105 CKV2_AZURE_1"),
    "database-encryption": ("CKV_AZURE_96 CKV_AZURE_100 CKV_AZURE_130 CKV2_AZURE_25"),
    "disk-encryption": ("CKV_AZURE_2 CKV_AZURE_93 CKV_AZURE_117 CKV_AZURE_151"),
    "https-only": ("CKV_AZURE_3 CKV_AZURE_14 CKV_AZURE_70 CKV_AZURE_153 CKV_AZURE_197 CKV_AZURE_215 CKV_AZURE_217"),
    "tls-version": (
        "CKV_AZURE_15 CKV_AZURE_44 CKV_AZURE_52 CKV_AZURE_54 CKV_AZURE_145 CKV_AZURE_147 CKV_AZURE_148 "
        "CKV_AZURE_154 CKV_AZURE_173 CKV_AZURE_200 CKV_AZURE_205 CKV_AZURE_218 CKV_AZURE_223 CKV2_AZURE_37"
    ),
    "open-ingress": ("CKV_AZURE_9 CKV_AZURE_10 CKV_AZURE_77 CKV_AZURE_160"),
    "public-database": (
        "CKV_AZURE_11 CKV_AZURE_48 CKV_AZURE_53 CKV_AZURE_68 CKV_AZURE_89 CKV_AZURE_101 CKV_AZURE_113 "
        "CKV2_AZURE_26 CKV2_AZURE_34"
    ),
    "public-compute": ("CKV_AZURE_119 CKV2_AZURE_39"),
    "hard-coded-secret": ("CKV_AZURE_235 CKV_AZURE_239"),
    "logging": ("CKV_AZURE_33 CKV_AZURE_63 CKV_AZURE_159 CKV2_AZURE_20 CKV2_AZURE_21"),
    "backup": ("CKV_AZURE_94 CKV_AZURE_102 CKV_AZURE_129 CKV2_AZURE_12"),
    "deletion-protection": ("CKV_AZURE_110 CKV_AZURE_187 CKV2_AZURE_38"),
    "secret-expiry": ("CKV_AZURE_40 CKV_AZURE_41"),
    "cluster-public": ("CKV_AZURE_143"),
    "cluster-logging": ("CKV_AZURE_4"),
    "disk-exposure": ("CKV_AZURE_251"),
    "identity": ("CKV_AZURE_1 CKV_AZURE_71 CKV_AZURE_178"),
    "long-lived-credential": ("CKV_AZURE_137 CKV2_AZURE_40"),
}

TRIVY = {
    "public-storage": ("AZU-0007"),
    "storage-encryption": ("AZU-0036 AZU-0060 AZU-0061"),
    "disk-encryption": ("AZU-0038 AZU-0067"),
    "https-only": ("AZU-0004 AZU-0008 AZU-0072"),
    "tls-version": ("AZU-0006 AZU-0011 AZU-0026"),
    "open-ingress": ("AZU-0047 AZU-0048 AZU-0050"),
    "open-egress": ("AZU-0051"),
    "public-database": ("AZU-0022 AZU-0029"),
    "public-compute": ("AZU-0076"),
    "logging": ("AZU-0009 AZU-0057"),
    "deletion-protection": ("AZU-0016"),
    "secret-expiry": ("AZU-0014 AZU-0017"),
    "cluster-logging": ("AZU-0040"),
    "identity": ("AZU-0039"),
}
