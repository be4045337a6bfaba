"""Latency bubbles: who waits for whom, through how many others, and for what in the end.

`waits` has what is known of one wait, `reasons` what it was for, `history` who held what when, `blame` shares out the
time of a wait among what it was in the end about, and `bubbles` finds the waits that are one story.
"""
