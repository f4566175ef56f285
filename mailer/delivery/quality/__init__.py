"""The circuit breaker on quality: a mailing that too many refuse or complain about is paused, with the reason."""
