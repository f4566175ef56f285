"""The heart: who of an audience has got a mailing, who has not, and why.

Read in this order: `ledger` (what is true), `planning` (the audience is frozen), `sending` (a shift of passes over
batches), `ticking` (what is due is found again after any crash). `store` is what all of it looks like in Redis;
docs/states.md tells what a crash leaves at each point.
"""
