"""What several files of suites share: runs, strategies and files, under names that say what they hold."""
