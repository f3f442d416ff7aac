"""Who builds an image: one protocol, one file for each builder. The extension surface is ``protocol.py``."""
