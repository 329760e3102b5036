"""The search for secrets in clear text: in sources, in old commits, in plans. No record of one shows it."""
