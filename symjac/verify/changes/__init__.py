"""The changes that a diagnosis tries, by what they change. Each generator gives edits of one formula."""
