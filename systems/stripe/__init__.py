"""Stripe, the billing system."""
