"""The dataset: its archive, then its cases, every one of them checked."""


rule download:
    output:
        archive="data/raw/{dataset}.tar",
        record="data/raw/{dataset}.source.json",
    log:
        "logs/download/{dataset}.log",
    benchmark:
        "logs/benchmarks/download/{dataset}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        sources=of_card("sources"),
        licence=of_card("licence"),
        citation=of_card("citation"),
        code=code("download"),
    message:
        "Download the dataset {wildcards.dataset}"
    script:
        "../scripts/download.py"


rule intake:
    input:
        archive="data/raw/{dataset}.tar",
        record="data/raw/{dataset}.source.json",
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
        layout=of_card("layout"),
        channels=of_card("channels"),
        modality=of_card("modality"),
        classes=of_card("classes"),
        archive=of_card("archive"),
        rules=of_card("intake"),
        code=code("intake"),
    message:
        "Read and check every case of {wildcards.dataset}"
    script:
        "../scripts/intake.py"
