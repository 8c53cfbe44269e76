"""Where training patches may be centred."""


rule patches:
    input:
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
        code=code("patches"),
    message:
        "Choose patch centres of {wildcards.study}"
    script:
        "../scripts/patches.py"
