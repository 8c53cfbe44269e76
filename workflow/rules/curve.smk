"""The learning curve: models trained on more and more cases, and what starting elsewhere gains."""


rule curve_point:
    input:
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        plan="results/{study}/plan.json",
        index="data/patches/{study}/index.parquet",
        shards=lambda wildcards: shards_of(wildcards.study, "development"),
        start=start_of,
        started=started_weights,
    output:
        point="results/{study}/curve/points/{model}/n-{size}/seed-{seed}/point.json",
    log:
        "logs/curve_point/{study}/{model}/n-{size}/seed-{seed}.log",
    benchmark:
        "logs/benchmarks/curve_point/{study}/{model}/n-{size}/seed-{seed}.tsv"
    wildcard_constraints:
        study=one_of(CURVED),
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        settings=point_settings,
        code=code("curve_point"),
    message:
        "Train {wildcards.model} of {wildcards.study} on {wildcards.size} cases, seed {wildcards.seed}"
    script:
        "../scripts/curve_point.py"


rule curve:
    input:
        points=lambda wildcards: points_of(wildcards.study),
    output:
        curve="results/{study}/curve/curve.json",
    log:
        "logs/curve/{study}.log",
    benchmark:
        "logs/benchmarks/curve/{study}.tsv"
    wildcard_constraints:
        study=one_of(CURVED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        rules=of_study("curve"),
        confidence=lambda wildcards: STUDIES[wildcards.study].compare.confidence,
        code=code("curve"),
    message:
        "Draw the learning curve of {wildcards.study}"
    script:
        "../scripts/curve.py"
