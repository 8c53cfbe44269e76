"""Predictions, what they are worth, and how the models of a study compare."""


rule predict:
    input:
        models=models_of,
        weights=weights_of,
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        shards=shards_to_predict,
    output:
        table="results/{study}/predictions/{model}/{part}/predictions.tsv",
    log:
        "logs/predict/{study}/{model}/{part}.log",
    benchmark:
        "logs/benchmarks/predict/{study}/{model}/{part}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        precision=precision_of,
        target=of_study("target"),
        task=of_study("task"),
        code=code_of("predict"),
    message:
        "Predict {wildcards.part} of {wildcards.study} with {wildcards.model}"
    script:
        "../scripts/{params.task}/predict.py"


rule evaluate:
    input:
        predictions="results/{study}/predictions/{model}/{part}/predictions.tsv",
        models=models_of,
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        after=earlier_access,
    output:
        scores="results/{study}/evaluation/{model}/{part}.tsv",
    log:
        "logs/evaluate/{study}/{model}/{part}.log",
    benchmark:
        "logs/benchmarks/evaluate/{study}/{model}/{part}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        rules=scoring_rules,
        classes=of_card("classes"),
        target=of_study("target"),
        ledger="results/{study}/ledger.tsv",
        task=of_study("task"),
        code=code_of("evaluate"),
    message:
        "Evaluate {wildcards.model} on {wildcards.part} of {wildcards.study}"
    script:
        "../scripts/{params.task}/evaluate.py"


rule compare:
    input:
        scores=lambda wildcards: evaluations_of(wildcards.study),
    output:
        metrics=report(
            "results/{study}/metrics.json",
            category="{study}",
            subcategory="results",
            labels={"what": "metrics"},
            caption="../report/metrics.rst",
        ),
        headline="results/{study}/headline.json",
    log:
        "logs/compare/{study}.log",
    benchmark:
        "logs/benchmarks/compare/{study}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        scores="results/{study}/evaluation",
        ledger="results/{study}/ledger.tsv",
        models=lambda wildcards: all_models(wildcards.study),
        parts=lambda wildcards: parts_of(wildcards.study),
        rules=of_study("compare"),
        answers=answer_rules,
        target=of_study("target"),
        task=of_study("task"),
        code=code_of("compare"),
    message:
        "Compare the models of {wildcards.study}"
    script:
        "../scripts/{params.task}/compare.py"
