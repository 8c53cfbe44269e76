"""Where training patches may be centred."""


rule patches:
    input:
        cases=cases_of,
        shards=lambda wildcards: shards_of(wildcards.study, "development"),
    output:
        index="data/patches/{study}/index.parquet",
    log:
        "logs/patches/{study}.log",
    benchmark:
        "logs/benchmarks/patches/{study}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        rules=of_study("patches"),
        target=of_study("target"),
        view=of_study("input"),
        task=of_study("task"),
        code=code_of("patches"),
    message:
        "Choose patch centres of {wildcards.study}"
    script:
        "../scripts/{params.task}/patches.py"
