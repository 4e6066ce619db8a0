"""The mainframe's loyalty accounts: nightly EBCDIC files with a COBOL copybook, read only.

The client was tried against a real sshd, and the decoder against files that GnuCOBOL wrote; no
mainframe was at hand.
"""
