"""The differences of a drifted resource by attribute, as reports show them."""

from __future__ import annotations

from terrace.drift.model import ResourceDrift
from terrace.plans.attribute_diff import NotedDifferences, value_diff, with_notes


def drift_differences(resource: ResourceDrift) -> NotedDifferences:
    """Returns the differences of a resource, as far as its values are known, with what they open and what forces a
    replacement where a deployment undoes them."""
    attributes = {
        path: value_diff(deployed, live, secret=path in resource.details.secret)
        for path, (deployed, live) in resource.values.items()
    }
    return with_notes(attributes, resource.details.opened, resource.details.forcing)
