flavor = "small"
