"""Verdicts as people and programs take them: screen, page, code review, a corrected copy. It judges nothing."""
