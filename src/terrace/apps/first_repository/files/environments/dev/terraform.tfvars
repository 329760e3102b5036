# The values of dev.

project  = "shop"
replicas = 1
