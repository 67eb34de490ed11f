"""What base.py is made of."""
