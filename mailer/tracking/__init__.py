"""What is known of a mailing's reading: opens and clicks, by people and by machines, as exact sets of people.

Read in this order: `hit` (one fetch of a link or pixel), `robots` (who fetched it), `recording` (how it is written
without anybody waiting), `report` (what it comes to).
"""
