"""Judging what people derived by hand: does it hold, and if not, how is it off?"""
