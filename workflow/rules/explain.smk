"""Why classifiers say what they say: maps, features, patches, and checks of these."""


rule explain:
    input:
        models=lambda wildcards: explained_folds(wildcards, "model.json"),
        weights=lambda wildcards: explained_folds(wildcards, "weights.safetensors"),
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        shards=explained_shards,
        scores=explained_scores,
    output:
        table="results/{study}/explain/{model}/explained.tsv",
        pointing="results/{study}/explain/{model}/pointing.json",
        features="results/{study}/explain/{model}/features.tsv",
        embedding="results/{study}/explain/{model}/embedding.json",
        activating="results/{study}/explain/{model}/activating.json",
        sanity="results/{study}/explain/{model}/sanity.json",
    log:
        "logs/explain/{study}/{model}.log",
    benchmark:
        "logs/benchmarks/explain/{study}/{model}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        rules=of_study("explain"),
        target=of_study("target"),
        parts=lambda wildcards: explained_part(wildcards.study),
        code=code("explain"),
    message:
        "Explain {wildcards.model} of {wildcards.study}"
    script:
        "../scripts/explain.py"
