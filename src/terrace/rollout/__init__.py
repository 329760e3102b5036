"""A release going into an environment: records of what was done, and a pure answer to what comes next."""
