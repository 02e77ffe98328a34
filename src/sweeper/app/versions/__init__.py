"""What becomes of a registered version: traced, verified, made again, compared, promoted, used.

Each works from the version's own lineage, not from the sweep's directory, which may be gone.
"""
