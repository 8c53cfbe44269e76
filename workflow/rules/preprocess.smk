"""From cases to arrays: who is in which part, what the study derives, and the shards."""


rule split:
    input:
        cases=cases_of,
        apart=apart_of,
    output:
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
    log:
        "logs/split/{study}.log",
    benchmark:
        "logs/benchmarks/split/{study}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        rules=of_study("split"),
        code=code("split"),
    message:
        "Divide the subjects of {wildcards.study}"
    script:
        "../scripts/split.py"


rule plan:
    input:
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
    output:
        plan="results/{study}/plan.json",
    log:
        "logs/plan/{study}.log",
    benchmark:
        "logs/benchmarks/plan/{study}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        rules=of_study("plan"),
        modality=of_card("modality"),
        target=of_study("target"),
        view=of_study("input"),
        channels=of_card("channels"),
        task=of_study("task"),
        code=code_of("plan"),
    message:
        "Plan {wildcards.study} from its development cases"
    script:
        "../scripts/{params.task}/plan.py"


rule preprocess:
    input:
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        plan="results/{study}/plan.json",
    output:
        shard="data/preprocessed/{study}/{group}-{shard}.shard",
    log:
        "logs/preprocess/{study}/{group}-{shard}.log",
    benchmark:
        "logs/benchmarks/preprocess/{study}/{group}-{shard}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        shards=lambda wildcards: len(shards_of(wildcards.study, wildcards.group)),
        code=code("preprocess"),
    message:
        "Preprocess {wildcards.study}: {wildcards.group} cases, shard {wildcards.shard}"
    script:
        "../scripts/preprocess.py"
