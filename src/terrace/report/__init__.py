"""Any record to text. Nothing here decides or acts."""
