"""Approvals, rejections and withdrawals, and the proof of who gave them."""
