"""A deployment whose outcome is unknown: examined, repaired, or settled by people."""
