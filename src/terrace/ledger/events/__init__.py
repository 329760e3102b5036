"""Events as typed, validated records: one class a kind. Every event ever written stays readable."""
