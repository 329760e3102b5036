"""Generates the framework files of the compliance report from Prowler's mappings. `make frameworks` downloads Prowler.

    python docs/frameworks.py prowler-5.46.0-py3-none-any.whl

Taken are the ids of the requirements and which checks of Prowler (Apache-2.0) serve each. The frameworks' own texts
are licensed, except NIST's: the titles are ours, or those of Prowler's checks.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from terrace.compliance.frameworks import NAMES

TARGET = Path(__file__).resolve().parent.parent / "src/terrace/compliance/data"
SUMS = TARGET / "generated.sha256"
"""SHA-256 of each file that the frameworks are made from, and of each framework; a test compares it with the files."""

PART = "only what a known check or Terrace itself gives evidence for: a part of the framework's requirements"

CIS_OWN = {
    "aws": {
        "2.1.2": "Guardrails bind every account of the organisation",
        "2.1.3": "No workloads run in the management account",
        "2.1.4": "Organisational units follow environment and sensitivity",
        "2.1.5": "Policies of the organisation have a delegated administrator",
        "2.1.6": "Services of the organisation have delegated administrators",
        "2.11": "Credentials that nobody uses are disabled after 45 days",
        "2.14": "No attached policy allows everything",
        "2.21": "No policy of a resource lets everybody in",
        "3.1.4": "Buckets block public access",
        "3.2.4": "Databases run in several zones",
        "4.10": "Web front ends keep access logs",
        "6.2": "No network ACL opens administration ports to the internet",
        "6.3": "No security group opens administration ports to the internet, IPv4",
        "6.4": "No security group opens administration ports to the internet, IPv6",
        "6.8": "Services are reached through VPC endpoints",
    },
    "azure": {
        "2.1.2": "Databricks subnets have network security groups",
        "2.1.3": "Traffic between Databricks workers is encrypted",
        "2.1.4": "Databricks users come from Entra ID",
        "2.1.5": "Databricks uses Unity Catalog",
        "2.1.6": "Databricks tokens are few and expire",
        "2.1.7": "Databricks delivers diagnostic logs",
        "2.1.11": "Databricks is reached through private endpoints",
        "2.1.12": "Databricks groups are reviewed",
        "5.1.3": "Every user has a second factor",
        "5.5": "A role of its own administers resource locks",
        "6.1.1.1": "The activity log of the subscription is exported",
        "6.1.1.5": "Flow logs of network security groups reach Log Analytics",
        "6.1.1.6": "Flow logs of virtual networks reach Log Analytics",
        "6.1.1.7": "Activity logs of Microsoft Graph are kept",
        "6.1.1.8": "Activity logs of Entra ID are kept",
        "6.1.4": "Services that can log do",
        "6.2": "What must not be lost has resource locks",
        "7.5": "Flow logs of network security groups are kept for 90 days",
        "7.8": "Flow logs of virtual networks are kept for 90 days",
        "8.1.2.1": "Defender watches APIs",
        "8.1.6.1": "Defender watches App Services",
        "8.3.7": "Key vaults have no public network access",
        "8.3.8": "Key vaults are reached through private endpoints",
        "9.2.1": "Deleted blobs can be brought back",
        "9.2.2": "Deleted containers can be brought back",
        "5.1.2": "Registering a device asks for a second factor",
        "5.1.4": "Devices do not remember the second factor",
        "5.3.1": "Administrators' accounts are not for daily work",
        "5.3.4": "Privileged role assignments are reviewed",
        "5.3.5": "Disabled accounts hold no permissions",
        "5.3.6": "Who may create tenants is reviewed",
        "5.3.7": "Other role assignments are reviewed",
        "5.6": "Subscriptions cannot leave or enter the tenant",
        "5.7": "A subscription has two or three owners",
        "6.1.1.9": "Intune logs reach Log Analytics",
        "6.1.5": "Production uses no basic or free tiers",
        "7.9": "VPN gateways authenticate through Entra ID",
        "7.10": "Application gateways have a web firewall",
        "7.12": "Application gateways ask for TLS 1.2 or newer",
        "7.13": "Application gateways speak HTTP/2",
        "7.14": "The web firewall inspects bodies of requests",
        "7.15": "The web firewall stops bots",
        "7.16": "Platform services lie in a security perimeter",
        "8.1.3.4": "Machines are scanned without an agent",
        "8.1.3.5": "Changes of files on machines are watched",
        "8.1.5.2": "Alerts of storage threats are watched",
        "8.1.16": "The attack surface is watched from outside",
        "8.3.10": "A managed HSM is used where it is needed",
        "8.3.11": "Certificates live a year at most",
        "9.3.9": "Storage accounts have delete locks",
        "9.3.10": "Read-only locks of storage accounts are considered",
    },
}

SOC2 = {
    "CC1.1": "Integrity and ethical values",
    "CC1.2": "Oversight by the board",
    "CC1.3": "Structures, reporting lines and authority",
    "CC1.4": "Competent people",
    "CC1.5": "People answer for their part",
    "CC2.1": "Information of quality for internal control",
    "CC2.2": "Communication inside",
    "CC2.3": "Communication with outsiders",
    "CC3.1": "Objectives that risks can be told against",
    "CC3.2": "Risks are found and analysed",
    "CC3.3": "Fraud is considered",
    "CC3.4": "Changes that matter are found and judged",
    "CC4.1": "Controls are evaluated",
    "CC4.2": "Deficiencies are told to those who mend them",
    "CC5.1": "Control activities against risks",
    "CC5.2": "Control activities over technology",
    "CC5.3": "Policies and procedures",
    "CC6.1": "Logical access to protected assets",
    "CC6.2": "Users are registered and removed",
    "CC6.3": "Access by role, least privilege, duties apart",
    "CC6.4": "Physical access",
    "CC6.5": "Assets are disposed of safely",
    "CC6.6": "Protection against threats from outside",
    "CC6.7": "Information is protected on the move",
    "CC6.8": "Unauthorised or malicious software is kept out",
    "CC7.1": "Changes of configuration and new weaknesses are detected",
    "CC7.2": "Systems are watched for anomalies",
    "CC7.3": "Security events are evaluated",
    "CC7.4": "Incidents are responded to",
    "CC7.5": "Recovery from incidents",
    "CC8.1": "Changes are authorised, tested and approved",
    "CC9.1": "Risks of disruption are reduced",
    "CC9.2": "Risks of vendors and partners",
    "A1.1": "Capacity is watched and managed",
    "A1.2": "Backups and infrastructure for recovery",
    "A1.3": "Recovery is tested",
    "C1.1": "Confidential information is known and kept",
    "C1.2": "Confidential information is disposed of",
    "PI1.1": "Specifications of processing",
    "PI1.2": "Inputs are complete and right",
    "PI1.3": "Processing is complete and right",
    "PI1.4": "Outputs are complete and right",
    "PI1.5": "What is stored is complete and right",
}

PCI = {
    "1.2": "Network controls are configured and kept",
    "1.3": "Access to and from the card data environment is restricted",
    "1.4": "Connections between trusted and untrusted networks are controlled",
    "1.5": "Devices that reach both kinds of network",
    "2.2": "Components are configured securely",
    "3.2": "Little account data is stored",
    "3.3": "Authentication data is not kept after authorisation",
    "3.5": "Stored card numbers are protected",
    "3.6": "Keys that protect stored data are secured",
    "3.7": "The life of keys is managed",
    "4.2": "Card numbers are encrypted on the move",
    "5.3": "Protection against malware is kept running",
    "6.3": "Weaknesses are found and mended",
    "6.4": "Public web applications are protected",
    "6.5": "Changes are managed",
    "7.2": "Access is defined and assigned",
    "7.3": "Access goes through a system of control",
    "8.2": "Accounts and identities are managed",
    "8.3": "Authentication is strong",
    "8.4": "A second factor for the card data environment",
    "8.6": "Accounts of systems and applications are managed",
    "10.2": "Audit logs are made",
    "10.3": "Audit logs are protected",
    "10.4": "Audit logs are reviewed",
    "10.5": "Audit logs are kept",
    "10.6": "Clocks agree",
    "10.7": "Failures of security systems are noticed",
    "11.3": "Scans for weaknesses",
    "11.5": "Intrusions and changes of files are noticed",
    "11.6": "Changes of payment pages are noticed",
    "12.4": "Compliance is managed",
    "12.10": "Incidents are responded to",
    "A1.1": "Customers of a shared provider are kept apart",
    "A1.2": "A shared provider's logs and incidents",
    "A3.2": "The scope is validated",
    "A3.3": "Compliance is part of daily business",
    "A3.4": "Logical access is controlled",
    "A3.5": "Suspicious events are answered",
}
PCI_MORE = ("6.5.1", "6.5.2", "6.5.3", "6.5.4", "8.6.2", "10.3.4", "11.5.2")
"""Requirements that Terrace's own evidence serves, whether or not a check does."""

NIST = {
    "AC-2": "Account Management",
    "AC-3": "Access Enforcement",
    "AC-4": "Information Flow Enforcement",
    "AC-5": "Separation of Duties",
    "AC-6": "Least Privilege",
    "AC-7": "Unsuccessful Logon Attempts",
    "AC-16": "Security and Privacy Attributes",
    "AC-17": "Remote Access",
    "AC-24": "Access Control Decisions",
    "AU-2": "Event Logging",
    "AU-3": "Content of Audit Records",
    "AU-4": "Audit Log Storage Capacity",
    "AU-6": "Audit Record Review, Analysis, and Reporting",
    "AU-7": "Audit Record Reduction and Report Generation",
    "AU-8": "Time Stamps",
    "AU-9": "Protection of Audit Information",
    "AU-10": "Non-repudiation",
    "AU-11": "Audit Record Retention",
    "AU-12": "Audit Record Generation",
    "AU-14": "Session Audit",
    "AU-16": "Cross-organizational Audit Logging",
    "CA-2": "Control Assessments",
    "CA-7": "Continuous Monitoring",
    "CA-9": "Internal System Connections",
    "CM-2": "Baseline Configuration",
    "CM-3": "Configuration Change Control",
    "CM-3(2)": "Testing, Validation, and Documentation of Changes",
    "CM-4": "Impact Analyses",
    "CM-5": "Access Restrictions for Change",
    "CM-6": "Configuration Settings",
    "CM-7": "Least Functionality",
    "CM-8": "System Component Inventory",
    "CM-9": "Configuration Management Plan",
    "CM-12": "Information Location",
    "CP-1": "Policy and Procedures",
    "CP-2": "Contingency Plan",
    "CP-4": "Contingency Plan Testing",
    "CP-6": "Alternate Storage Site",
    "CP-9": "System Backup",
    "CP-9(1)": "Testing for Reliability and Integrity",
    "CP-10": "System Recovery and Reconstitution",
    "IA-2": "Identification and Authentication (Organizational Users)",
    "IA-3": "Device Identification and Authentication",
    "IA-4": "Identifier Management",
    "IA-5": "Authenticator Management",
    "IA-5(7)": "No Embedded Unencrypted Static Authenticators",
    "IA-8": "Identification and Authentication (Non-organizational Users)",
    "IR-4": "Incident Handling",
    "MA-4": "Nonlocal Maintenance",
    "MP-2": "Media Access",
    "PE-6": "Monitoring Physical Access",
    "PM-11": "Mission and Business Process Definition",
    "PM-14": "Testing, Training, and Monitoring",
    "PM-16": "Threat Awareness Program",
    "PM-17": "Protecting Controlled Unclassified Information on External Systems",
    "PM-21": "Accounting of Disclosures",
    "PM-31": "Continuous Monitoring Strategy",
    "RA-1": "Policy and Procedures",
    "RA-3": "Risk Assessment",
    "RA-5": "Vulnerability Monitoring and Scanning",
    "RA-10": "Threat Hunting",
    "SA-1": "Policy and Procedures",
    "SA-9": "External System Services",
    "SA-10": "Developer Configuration Management",
    "SA-15": "Development Process, Standards, and Tools",
    "SC-5": "Denial-of-service Protection",
    "SC-6": "Resource Availability",
    "SC-7": "Boundary Protection",
    "SC-8": "Transmission Confidentiality and Integrity",
    "SC-12": "Cryptographic Key Establishment and Management",
    "SC-13": "Cryptographic Protection",
    "SC-16": "Transmission of Security and Privacy Attributes",
    "SC-22": "Architecture and Provisioning for Name/Address Resolution Service",
    "SC-23": "Session Authenticity",
    "SC-25": "Thin Nodes",
    "SC-28": "Protection of Information at Rest",
    "SC-36": "Distributed Processing and Storage",
    "SC-43": "Usage Restrictions",
    "SI-1": "Policy and Procedures",
    "SI-2": "Flaw Remediation",
    "SI-3": "Malicious Code Protection",
    "SI-4": "System Monitoring",
    "SI-5": "Security Alerts, Advisories, and Directives",
    "SI-7": "Software, Firmware, and Information Integrity",
    "SI-10": "Information Input Validation",
    "SI-12": "Information Management and Retention",
    "SI-13": "Predictable Failure Prevention",
    "SI-19": "De-identification",
}

SLIPS = {
    "Ramdomize": "Randomize",
    "Correletion": "Correlation",
    "Infomation": "Information",
    "Acces ": "Access ",
    "Audit Trial": "Audit Trail",
    " TO ": " To ",
    "Correlation With From": "Correlation With Information From",
    "Updated": "Updates",
}


class Wheel:
    """Prowler's wheel: its requirements, and the titles of its checks."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self.version = path.name.split("-")[1]
        told = [n for n in self._zip.namelist() if n.endswith(".metadata.json")]
        self.titles = {m["CheckID"]: m["CheckTitle"] for m in (json.loads(self._zip.read(n)) for n in told)}

    def requirements(self, file: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._zip.read(f"prowler/compliance/{file}.json"))["Requirements"]
        return found

    def title(self, checks: Iterable[str]) -> str:
        """What a requirement is about, by the first of its checks."""
        first = next(iter(checks), "")
        return re.sub(r"^\[.*?\] ", "", self.titles.get(first, first.replace("_", " ")))


def cis(wheel: Wheel, provider: str, file: str) -> Iterator[dict[str, Any]]:
    for one in wheel.requirements(file):
        own = CIS_OWN[provider].get(one["Id"])
        manual = one["Attributes"][0]["AssessmentStatus"] == "Manual"
        yield control(one["Id"], own or wheel.title(one["Checks"]), one["Checks"], manual=manual)


def gathered(wheel: Wheel, files: Iterable[str], of: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in files:
        for one in wheel.requirements(file):
            found.setdefault(of(one["Id"]), set()).update(one["Checks"])
    return found


def soc2_id(text: str) -> str:
    """`cc_6_1` -> CC6.1, `cc_a_1_1` -> A1.1, `pi_1_2` -> PI1.2."""
    *series, major, minor = text.upper().split("_")
    return f"{series[-1]}{major}.{minor}"


def nist_id(text: str) -> str:
    """`ac_2_3_a` -> AC-2(3); parts of a control belong to it."""
    family, number, *rest = text.upper().split("_")
    return f"{family}-{number}" + (f"({rest[0]})" if rest and rest[0].isdigit() else "")


def nist_titles(wheel: Wheel, file: str) -> Mapping[str, str]:
    found = dict(NIST)
    for one in wheel.requirements(file):
        said = re.match(r"[A-Z]{2}-\d+\(\d+\) (.+)", one.get("Name") or "")
        if said is not None:
            found.setdefault(nist_id(one["Id"]), spelt(said[1]))
    return found


def spelt(title: str) -> str:
    """A title without the slips of the pen that are in the mapping."""
    for wrong, right in SLIPS.items():
        title = title.replace(wrong, right)
    return title


def control(number: str, title: str, checks: Iterable[str], *, manual: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"id": number, "title": title, "keys": sorted(set(checks))}
    return {**told, "manual": True} if manual else told


def in_order(controls: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    def key(one: dict[str, Any]) -> list[tuple[bool, int, str]]:
        parts = re.findall(r"\d+|[A-Za-z]+", one["id"])
        return [(False, int(part), "") if part.isdigit() else (True, 0, part) for part in parts]

    return sorted(controls, key=key)


def frameworks(wheel: Wheel) -> Iterator[tuple[str, dict[str, Any]]]:
    nist, pci = "aws/nist_800_53_revision_5_aws", ("aws/pci_4.0_aws", "azure/pci_4.0_azure")
    yield made(
        wheel,
        "cis-aws",
        "CIS Amazon Web Services Foundations Benchmark",
        "7.0",
        ["aws/cis_7.0_aws"],
        cis(wheel, "aws", "aws/cis_7.0_aws"),
    )
    yield made(
        wheel,
        "cis-azure",
        "CIS Microsoft Azure Foundations Benchmark",
        "6.0",
        ["azure/cis_6.0_azure"],
        cis(wheel, "azure", "azure/cis_6.0_azure"),
    )
    trust = ["aws/soc2_aws", "azure/soc2_azure"]
    checks = gathered(wheel, trust, soc2_id)
    yield made(
        wheel,
        "soc2",
        "SOC 2 trust services criteria",
        "2017",
        trust,
        (control(i, title, checks.get(i, ()), manual=False) for i, title in SOC2.items()),
        "security, availability, confidentiality and processing integrity; privacy is not listed",
    )
    wanted = {**{i: set() for i in PCI_MORE}, **gathered(wheel, pci, lambda i: i.rpartition(".")[0])}
    yield made(
        wheel,
        "pci-dss",
        "PCI DSS",
        "4.0",
        list(pci),
        (control(i, PCI[".".join(i.split(".")[:2])], keys, manual=False) for i, keys in wanted.items()),
        PART,
    )
    titles = nist_titles(wheel, nist)
    served = json.loads((TARGET / "sources.json").read_text())["sources"]
    own = {i for source in served for what in ("controls", "partly") for i in source[what].get("nist-800-53", ())}
    mine: dict[str, set[str]] = {**{i: set() for i in own}, **gathered(wheel, [nist], nist_id)}
    yield made(
        wheel,
        "nist-800-53",
        "NIST SP 800-53",
        "revision 5",
        [nist],
        (control(i, titles.get(i) or titles[i.partition("(")[0]], keys, manual=False) for i, keys in mine.items()),
        PART,
    )


def made(
    wheel: Wheel,
    word: str,
    name: str,
    version: str,
    files: list[str],
    controls: Iterable[dict[str, Any]],
    scope: str = "every recommendation of the benchmark",
) -> tuple[str, dict[str, Any]]:
    source = f"Prowler {wheel.version} (Apache-2.0, github.com/prowler-cloud/prowler): {', '.join(files)}"
    notice = "by docs/frameworks.py: change that file, then run `make frameworks`"
    head = {"generated": notice, "id": word, "name": name, "version": version, "scope": scope, "source": source}
    return word, {**head, "controls": in_order(controls)}


def text_of(framework: Mapping[str, Any]) -> str:
    """Returns the text of a framework's file: a line for each control."""
    head = json.dumps({name: value for name, value in framework.items() if name != "controls"}, indent=2)[:-2]
    lines = ",\n    ".join(json.dumps(control) for control in framework["controls"])
    return f'{head},\n  "controls": [\n    {lines}\n  ]\n}}\n'


def sums() -> str:
    """Returns the text of SUMS for the files as they are."""
    root = TARGET.parents[3]
    files = (Path(__file__).resolve(), TARGET / "sources.json", *(TARGET / f"{name}.json" for name in NAMES))
    rows = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(root)}\n" for file in files)
    return "".join(rows)


if __name__ == "__main__":
    for name, framework in frameworks(Wheel(Path(sys.argv[1]))):
        (TARGET / f"{name}.json").write_text(text_of(framework))
    SUMS.write_text(sums())
