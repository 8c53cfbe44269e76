"""The one table of sections that a report of any family has where there is something to show.

A section of one family alone stands in that family's own table, e.g.
`radflow.report.classification.page.OPTIONAL`.
"""

from radflow.report.beside import BESIDE
from radflow.report.search import SEARCH

OF_EVERY_FAMILY = (SEARCH, BESIDE)
