# The values of prod.

project  = "shop"
replicas = 3
