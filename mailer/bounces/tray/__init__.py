"""The tray: reports as they came, on disk, until a worker has worked them off."""
