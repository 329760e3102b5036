"""Events as typed, validated records: one class a kind. What was written stays readable for good."""
