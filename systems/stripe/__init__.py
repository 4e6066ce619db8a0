"""Stripe, the billing system.

The client was tried against our emulator only, never against Stripe itself; the emulator is held to
the vendor's SDK and its OpenAPI description by tests/conformance/test_stripe_*.py.
"""
