# The values of staging.

project  = "shop"
replicas = 2
