"""``python -m tests.textbook``: the table, ours and the book's size, name and formula."""

from tests.textbook.page import listing

print(listing())
