"""What is said is done, and answered.

ports        the forge as it is needed for that
converse     a comment is heard, weighed, and done
witness      whether what the ledger says that somebody said is still said
"""
