"""The demo's catch-all inbox: a mail server that keeps everything, and plays receivers' tricks by sample address."""
