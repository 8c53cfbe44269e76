"""Random search over one model's settings: trials, the best again with other seeds, a summary."""


rule trial:
    input:
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        plan="results/{study}/plan.json",
        index="data/patches/{study}/index.parquet",
        shards=lambda wildcards: shards_of(wildcards.study, "development"),
        trials=earlier_of,
    output:
        record="results/{study}/search/trials/trial-{number}/trial.json",
        history="results/{study}/search/trials/trial-{number}/history.csv",
    log:
        "logs/trial/{study}/{number}.log",
    benchmark:
        "logs/benchmarks/trial/{study}/{number}.tsv"
    wildcard_constraints:
        study=one_of(SEARCHED),
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        settings=trial_settings,
        folder="results/{study}/search/trials/trial-{number}",
        task=of_study("task"),
        code=code_of("trial"),
    message:
        "Try settings {wildcards.number} of {wildcards.study}"
    shell:
        "python -m radflow.search trial --settings {params.settings:q} --output {params.folder:q}"
        " --cases {input.cases:q} --split {input.split:q} --split-record {input.record:q}"
        " --plan {input.plan:q} --index {input.index:q} --shards {input.shards:q}"
        " --trials {input.trials:q} 2>&1 | tee {log:q}"


rule repeat:
    input:
        cases=cases_of,
        split="results/{study}/split.tsv",
        record="results/{study}/split.json",
        plan="results/{study}/plan.json",
        index="data/patches/{study}/index.parquet",
        shards=lambda wildcards: shards_of(wildcards.study, "development"),
        trials=lambda wildcards: trials_of(wildcards.study),
    output:
        record="results/{study}/search/repeats/repeat-{number}/trial.json",
        history="results/{study}/search/repeats/repeat-{number}/history.csv",
    log:
        "logs/repeat/{study}/{number}.log",
    benchmark:
        "logs/benchmarks/repeat/{study}/{number}.tsv"
    wildcard_constraints:
        study=one_of(SEARCHED),
    conda:
        "../envs/radflow.yaml"
    threads: ALL_CORES
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        settings=trial_settings,
        folder="results/{study}/search/repeats/repeat-{number}",
        task=of_study("task"),
        code=code_of("repeat"),
    message:
        "Train the best settings of {wildcards.study} again, {wildcards.number}"
    shell:
        "python -m radflow.search repeat --settings {params.settings:q} --output {params.folder:q}"
        " --cases {input.cases:q} --split {input.split:q} --split-record {input.record:q}"
        " --plan {input.plan:q} --index {input.index:q} --shards {input.shards:q}"
        " --trials {input.trials:q} 2>&1 | tee {log:q}"


rule search:
    input:
        trials=lambda wildcards: trials_of(wildcards.study),
        repeats=lambda wildcards: repeats_of(wildcards.study),
        model=searched_model,
    output:
        summary="results/{study}/search/search.json",
    log:
        "logs/search/{study}.log",
    benchmark:
        "logs/benchmarks/search/{study}.tsv"
    wildcard_constraints:
        study=one_of(SEARCHED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        rules=of_study("search"),
        code=code("search"),
    message:
        "Summarise the search of {wildcards.study}"
    script:
        "../scripts/search.py"
