"""The dataset: its archives, downloaded or simulated, then its cases, every one checked."""


rule download:
    output:
        archive="data/raw/{dataset}.tar",
        record="data/raw/{dataset}.source.json",
    log:
        "logs/download/{dataset}.log",
    benchmark:
        "logs/benchmarks/download/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(DOWNLOADED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        sources=of_card("sources"),
        archive=of_card("archive"),
        licence=of_card("licence"),
        citation=of_card("citation"),
        code=code("download"),
    message:
        "Download the dataset {wildcards.dataset}"
    script:
        "../scripts/download.py"


rule simulate:
    output:
        archive="data/raw/{dataset}/{shard}.tar",
    log:
        "logs/simulate/{dataset}/{shard}.log",
    benchmark:
        "logs/benchmarks/simulate/{dataset}/{shard}.tsv"
    wildcard_constraints:
        dataset=one_of(SIMULATED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        rules=of_card("phantom"),
        channels=of_card("channels"),
        code=code("simulate"),
    message:
        "Simulate the subjects of {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../scripts/simulate.py"


rule record:
    input:
        archives=archives_of,
    output:
        record="data/raw/{dataset}.source.json",
    log:
        "logs/record/{dataset}.log",
    benchmark:
        "logs/benchmarks/record/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(SIMULATED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        licence=of_card("licence"),
        citation=of_card("citation"),
        code=code("record"),
    message:
        "Record the simulated archives of {wildcards.dataset}"
    script:
        "../scripts/record.py"


rule intake:
    input:
        archives=archives_of,
    output:
        cases="data/cases/{dataset}/cases.tsv",
        findings="data/cases/{dataset}/findings.tsv",
        counts="data/cases/{dataset}/intake.json",
    log:
        "logs/intake/{dataset}.log",
    benchmark:
        "logs/benchmarks/intake/{dataset}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 8
    resources:
        mem_mb=2000,
    params:
        card=lambda wildcards: plain(card_of(wildcards).part_for_intake()),
        code=code("intake"),
    message:
        "Read and check every case of {wildcards.dataset}"
    script:
        "../scripts/intake.py"
