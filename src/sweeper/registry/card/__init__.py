"""A model card: what a version is, for people, made from its lineage and results alone."""

from sweeper.registry.card.html import as_html
from sweeper.registry.card.markdown import as_markdown
from sweeper.registry.card.sections import Origin, sections

__all__ = ["Origin", "as_html", "as_markdown", "sections"]
