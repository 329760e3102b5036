token = "not-kept"
size  = { count = 2 }
