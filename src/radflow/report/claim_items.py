"""The 44 items of CLAIM 2024 in our own words, and who can answer each.

The checklist is Tejani et al., Radiology: Artificial Intelligence 6 (2024) e240300,
doi:10.1148/ryai.240300. Its wording is the publisher's; read it there.
"""

from dataclasses import dataclass
from typing import Literal

By = Literal["workflow", "question", "authors", "both", "part", "nobody", "none"]


@dataclass(frozen=True)
class ClaimItem:
    """One item.

    Attributes
    ----------
    number, text
        Its number in the checklist; what it asks, in our words.
    by
        ``workflow``: from records. ``question``: the study's title and question answer it, and
        authors have to state them. ``authors``: only they can, in `fields`. ``both``: records
        answer a part, `fields` the rest. ``part``: records answer a part, no field the rest.
        ``nobody``: no record and no field holds it yet. ``none``: the item asks of something that
        the study has not.
    anchor
        Section of the report.
    note
        What is there to read, or why nothing is.
    fields
        Fields of the study file's `report` section.
    """

    number: int
    text: str
    by: By
    anchor: str
    note: str
    fields: tuple[str, ...] = ()


ITEMS = (
    ClaimItem(1, "Says that the work is about artificial intelligence, and of which kind",
              "workflow", "card", "task and network on the card"),
    ClaimItem(2, "Summary with design, methods, results and conclusion",
              "workflow", "card", "the card; conclusions are left to the authors"),
    ClaimItem(3, "Background, and the role the model is meant for",
              "authors", "use", "intended use", ("intended_use",)),
    ClaimItem(4, "Aims or hypotheses", "question", "card", "the study's question"),
    ClaimItem(5, "Prospective or retrospective design",
              "nobody", "data", "an existing dataset; how it was collected is not said"),
    ClaimItem(6, "What the study is to achieve, e.g. feasibility or a new model",
              "question", "card", "the study's question"),
    ClaimItem(7, "Where the data come from", "workflow", "data", "source, licence, citation"),
    ClaimItem(8, "Who was included and excluded",
              "both", "data", "exclusions at intake with reasons; eligibility of patients",
              ("eligibility",)),
    ClaimItem(9, "How data were pre-processed", "workflow", "plan", "plan with reasons; repairs"),
    ClaimItem(10, "How subsets of the data, such as patches, were chosen",
              "workflow", "training", "patch size and share of target-centred patches"),
    ClaimItem(11, "How identity was removed",
              "authors", "data", "de-identification", ("deidentification",)),
    ClaimItem(12, "How missing data were handled",
              "workflow", "metrics", "quarantine at intake; a missing prediction counts as worst"),
    ClaimItem(13, "Acquisition protocol of the images",
              "part", "acquisition", "image size, voxel size, orientation; no scanner settings"),
    ClaimItem(14, "What the reference standard is",
              "authors", "reference", "reference standard", ("reference_standard",)),
    ClaimItem(15, "Why that reference standard was chosen",
              "nobody", "reference", "no field holds it"),
    ClaimItem(16, "Who made the annotations, with which qualification",
              "authors", "reference", "annotators", ("annotators",)),
    ClaimItem(17, "How test cases were annotated",
              "both", "reference", "test cases are drawn from the same dataset as the others",
              ("annotators",)),
    ClaimItem(18, "How much annotators differ from each other and from themselves",
              "nobody", "reference", "one outline a case: it can't be measured here"),
    ClaimItem(19, "How cases were assigned to partitions",
              "workflow", "partitions", "keyed hash, proportions, frozen with its hash"),
    ClaimItem(20, "The level at which partitions are disjoint",
              "workflow", "partitions", "subject; checked in the leakage table"),
    ClaimItem(21, "Intended sample size, and how it was found",
              "nobody", "partitions", "all accepted cases; no size was calculated beforehand"),
    ClaimItem(22, "Full description of the model", "workflow", "model", "table of the network"),
    ClaimItem(23, "Software, with versions", "workflow", "reproduce", "versions of libraries"),
    ClaimItem(24, "How parameters were initialised", "workflow", "model", "table of the network"),
    ClaimItem(25, "How the model was trained",
              "workflow", "training", "loss, schedule, augmentation, budget"),
    ClaimItem(26, "How the final model was selected",
              "workflow", "training", "best epoch by tuning Dice, marked on the curves"),
    ClaimItem(27, "Whether and how models were combined", "workflow", "model", ""),
    ClaimItem(28, "Metrics of performance",
              "workflow", "metrics", "definitions, tolerance, empties"),
    ClaimItem(29, "How significance and uncertainty were measured",
              "workflow", "metrics", "bootstrap over subjects, paired tests"),
    ClaimItem(30, "Analysis of robustness or sensitivity",
              "nobody", "limitations", "none was run in this study"),
    ClaimItem(31, "Methods that explain what the model does",
              "nobody", "limitations", "none was run in this study"),
    ClaimItem(32, "Evaluation on internal data", "workflow", "results", "tuning and test tables"),
    ClaimItem(33, "Testing on external data, or why there was none",
              "nobody", "limitations", "none; the reason is for the authors to give"),
    ClaimItem(34, "Registration, where the study is a trial", "nobody", "statements",
              "no field holds it"),
    ClaimItem(35, "Numbers included and excluded, as a flow",
              "workflow", "data", "flow diagram from intake and split"),
    ClaimItem(36, "Characteristics of cases in each partition",
              "part", "acquisition", "label volumes, image and voxel size; no demographic records"),
    ClaimItem(37, "Performance with its uncertainty",
              "workflow", "results", "means with intervals, every case a dot"),
    ClaimItem(38, "Estimates of performance, with precision, for each partition",
              "workflow", "results", "per class and part; agreement of volume"),
    ClaimItem(39, "Analysis of failures", "workflow", "cases", "worst cases and kinds of failure"),
    ClaimItem(40, "Limitations", "both", "limitations", "prompts from the records",
              ("limitations",)),
    ClaimItem(41, "What it means for practice", "nobody", "use", "no field holds it"),
    ClaimItem(42, "Where further technical detail can be found",
              "workflow", "reproduce", "command, hashes, seeds"),
    ClaimItem(43, "Whether software, model and data are available",
              "workflow", "reproduce", "source and licence of data; code version; weights' hashes"),
    ClaimItem(44, "Funding, and the role of funders",
              "authors", "statements", "funding", ("funding",)),
)  # fmt: skip
