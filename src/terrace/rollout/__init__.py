"""A release that is deployed to an environment: records of its steps, and a pure function for the next step."""
