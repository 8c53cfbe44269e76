"""Items of CLAIM that read otherwise where subjects are simulated: nothing of a patient is claimed.

They take the place of the items of `radflow.report.claim_items` with the same number.
"""

from radflow.report.claim_items import ITEMS, ClaimItem

_OTHERWISE = (
    ClaimItem(5, "Prospective or retrospective design",
              "workflow", "data", "neither: subjects are simulated"),
    ClaimItem(7, "Where the data come from",
              "workflow", "data", "simulated; template with licence and citation"),
    ClaimItem(8, "Who was included and excluded",
              "workflow", "data", "simulated subjects; exclusions at intake with reasons"),
    ClaimItem(11, "How identity was removed",
              "workflow", "data", "not needed: subjects are simulated"),
    ClaimItem(13, "Acquisition protocol of the images",
              "part", "data", "none: images are computed; sequences are named, without timing"),
    ClaimItem(14, "What the reference standard is",
              "workflow", "reference", "what the simulation put in"),
    ClaimItem(15, "Why that reference standard was chosen",
              "workflow", "reference", "it is known without error"),
    ClaimItem(16, "Who made the annotations, with which qualification",
              "workflow", "reference", "nobody: labels are the simulation's"),
    ClaimItem(17, "How test cases were annotated",
              "workflow", "reference", "as all others: labels are the simulation's"),
    ClaimItem(18, "How much annotators differ from each other and from themselves",
              "workflow", "reference", "there are none"),
    ClaimItem(33, "Testing on external data, or why there was none",
              "nobody", "limitations", "none; no patient was examined either"),
    ClaimItem(36, "Characteristics of cases in each partition",
              "part", "acquisition",
              "reference standard, image and voxel size of simulated subjects"),
)  # fmt: skip

OF_SIMULATED = {item.number: item for item in _OTHERWISE}
"""The items that read otherwise, by number."""

SIMULATED_ITEMS = tuple(OF_SIMULATED.get(item.number, item) for item in ITEMS)
"""All 44 items, for a study of simulated subjects."""
