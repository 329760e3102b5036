# Nothing stands here yet.
