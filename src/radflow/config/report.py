"""What only the authors can say, for the report."""

from typing import Annotated

from pydantic import Field

from radflow.config.base import Section


class ReportText(Section):
    """Author text; what is missing shows as "not stated by the authors"."""

    authors: Annotated[str, Field(description="names")] = ""
    intended_use: Annotated[str, Field(description="who would use the result, for what")] = ""
    reference_standard: Annotated[str, Field(description="how labels were made")] = ""
    annotators: Annotated[str, Field(description="who made the labels")] = ""
    eligibility: Annotated[str, Field(description="which patients were included")] = ""
    deidentification: Annotated[str, Field(description="how identity was removed")] = ""
    limitations: Annotated[str, Field(description="what the authors see as limits")] = ""
    ethics: Annotated[str, Field(description="approval and consent")] = ""
    funding: Annotated[str, Field(description="sources and their role")] = ""
    illegitimate_features: Annotated[
        str, Field(description="can inputs give the label away? (leakage L2)")
    ] = ""
    temporal_leakage: Annotated[str, Field(description="can the future leak? (L3.1)")] = ""
    test_distribution: Annotated[
        str, Field(description="whom do the test cases represent? (L3.3)")
    ] = ""
