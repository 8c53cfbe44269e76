"""Training: a program of its own, because Lightning starts it again for every further GPU."""


rule train:
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
        weights="results/{study}/models/{model}/fold-{fold}/weights.safetensors",
        model="results/{study}/models/{model}/fold-{fold}/model.json",
        history=report(
            "results/{study}/models/{model}/fold-{fold}/history.csv",
            category="{study}",
            subcategory="training",
            labels={"model": "{model}", "fold": "{fold}", "what": "history"},
            caption="../report/history.rst",
        ),
    log:
        "logs/train/{study}/{model}/fold-{fold}.log",
    benchmark:
        "logs/benchmarks/train/{study}/{model}/fold-{fold}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        settings=training_settings,
        start=start_option,
        folder="results/{study}/models/{model}/fold-{fold}",
        task=of_study("task"),
        code=code_of("train"),
    message:
        "Train {wildcards.model} of {wildcards.study}, fold {wildcards.fold}"
    shell:
        "python -m radflow.training --settings {params.settings:q} --output {params.folder:q}"
        " --cases {input.cases:q} --split {input.split:q} --split-record {input.record:q}"
        " --plan {input.plan:q} --index {input.index:q} --shards {input.shards:q}"
        " {params.start} 2>&1 | tee {log:q}"
