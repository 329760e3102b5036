"""The check `policy`: the results of a policy engine as findings, and the policies that Terrace ships."""
