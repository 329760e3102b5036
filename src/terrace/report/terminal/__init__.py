"""Records as a person reads them in a terminal. Words carry the meaning; color only helps the eye."""
