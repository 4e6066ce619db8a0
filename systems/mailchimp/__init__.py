"""Mailchimp, e-mail marketing. Tried against its emulator and read by its own SDK, not live."""
