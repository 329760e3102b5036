"""Knowledge of AWS, Azure, Google Cloud and other providers: one folder for each, and pure functions over them.

A cloud is added as a folder and an entry in `all.py`.
"""
