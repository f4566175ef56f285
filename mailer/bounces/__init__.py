"""What comes back: refusals, delivery reports, complaints and unsubscribe mails.

The recipe is `receiving`. A signed token in the envelope says who; a report only says why.
"""
