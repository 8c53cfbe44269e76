"""The studies of this project, from archive to report; the rules are in workflow/rules."""

from snakemake.utils import min_version, validate

min_version("9.20")


configfile: "config/config.yaml"


validate(config, "workflow/schemas/config.schema.json")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/patches.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/curve.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        TARGETS["versions"],
        TARGETS["intake"],
        TARGETS["search"],
        TARGETS["report"],
        TARGETS["describe"],
        TARGETS["index"],


# One target per step, e.g. `snakemake --cores all all_preprocess`; dvc.yaml asks for them too.
for STEP in TARGETS:

    rule:
        name:
            f"all_{STEP}"
        input:
            TARGETS[STEP],


onstart:
    for study in TRAINABLE:
        models = all_models(study)
        search = search_option(study)
        shell("python -m radflow.tracking init {study} {models} {search}")
