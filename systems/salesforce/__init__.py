"""Salesforce, the CRM: organisations are accounts, persons are contacts.

Tried against the emulator only, which the client library simple-salesforce reads and writes too.
"""
