"""Items of CLAIM that read otherwise where classes are predicted, not outlines.

They take the place of the items of `radflow.report.claim_items` with the same number; what is said
of simulated subjects stays.
"""

from radflow.report.claim_items import ClaimItem

_OTHERWISE = (
    ClaimItem(10, "How subsets of the data, such as patches, were chosen",
              "workflow", "model", "what the network sees of a case"),
    ClaimItem(12, "How missing data were handled",
              "workflow", "metrics",
              "quarantine at intake; cases without a class; a missing answer counts as wrong"),
    ClaimItem(18, "How much annotators differ from each other and from themselves",
              "nobody", "reference", "one class a case: it can't be measured here"),
    ClaimItem(25, "How the model was trained",
              "workflow", "training", "loss, class balance, schedule, augmentation, budget"),
    ClaimItem(26, "How the final model was selected",
              "workflow", "training", "by tuning cases; marked on the curves, with temperature"),
    ClaimItem(28, "Metrics of performance",
              "workflow", "metrics", "definitions, operating points with their origin"),
    ClaimItem(29, "How significance and uncertainty were measured",
              "workflow", "metrics", "intervals over subjects or by DeLong, paired tests"),
    ClaimItem(36, "Characteristics of cases in each partition",
              "part", "acquisition", "classes, image and voxel size; no demographic records"),
    ClaimItem(37, "Performance with its uncertainty",
              "workflow", "results", "estimates with intervals, every case a dot"),
    ClaimItem(38, "Estimates of performance, with precision, for each partition",
              "workflow", "results",
              "per class and part; ROC and PR curves, confusions, calibration"),
    ClaimItem(39, "Analysis of failures",
              "workflow", "cases", "worst cases and confident mistakes, with pictures"),
)  # fmt: skip

OF_CLASSIFICATION = {item.number: item for item in _OTHERWISE}
"""The items that read otherwise, by number."""
