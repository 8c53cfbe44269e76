"""The report of each study, of its models or its data alone; their list; which code made them."""


rule report:
    input:
        unpack(extras_of),
        metrics_json="results/{study}/metrics.json",
        source_json=source_of,
        cases_tsv=cases_of,
        findings_tsv=findings_of,
        intake_json=counts_of,
        split_tsv="results/{study}/split.tsv",
        split_json="results/{study}/split.json",
        plan_json="results/{study}/plan.json",
        models=lambda wildcards: all_folds(wildcards.study, "model.json"),
        histories=lambda wildcards: all_folds(wildcards.study, "history.csv"),
        predictions=lambda wildcards: predictions_of(wildcards.study),
        scores=lambda wildcards: evaluations_of(wildcards.study),
        beside=lambda wildcards: [numbers_of(s["study"]) for s in beside_of(wildcards)],
    output:
        page=report(
            "results/{study}/report.html",
            category="{study}",
            subcategory="report",
            labels={"what": "report"},
            caption="../report/report.rst",
        ),
        curves=report(
            "results/{study}/figures/curves.svg",
            category="{study}",
            subcategory="figures",
            labels={"what": "training curves"},
            caption="../report/curves.rst",
        ),
        scores=report(
            "results/{study}/figures/scores.svg",
            category="{study}",
            subcategory="figures",
            labels={"what": "scores"},
            caption="../report/scores.rst",
        ),
        agreement=report(
            "results/{study}/figures/agreement.svg",
            category="{study}",
            subcategory="figures",
            labels={"what": "agreement"},
            caption="../report/agreement.rst",
        ),
    log:
        "logs/report/{study}.log",
    benchmark:
        "logs/benchmarks/report/{study}.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        study="{study}",
        title=of_study("title"),
        question=of_study("question"),
        folds=of_study("folds"),
        dataset=of_study("dataset"),
        card=lambda wildcards: plain(card_of(wildcards)),
        text=of_study("report"),
        target=of_study("target"),
        view=of_study("input"),
        evaluation=of_study("evaluation"),
        compare=of_study("compare"),
        models=lambda wildcards: all_models(wildcards.study),
        numbers=lambda wildcards: folds(wildcards.study),
        parts=lambda wildcards: parts_of(wildcards.study),
        beside=beside_of,
        task=of_study("task"),
        code=code_of("report"),
    message:
        "Write the report of {wildcards.study}"
    script:
        "../scripts/{params.task}/report.py"


rule describe:
    input:
        source_json=source_of,
        cases_tsv=cases_of,
        findings_tsv=findings_of,
        intake_json=counts_of,
    output:
        page=report(
            "results/{study}/report.html",
            category="{study}",
            subcategory="report",
            labels={"what": "report"},
            caption="../report/describe.rst",
        ),
    log:
        "logs/describe/{study}.log",
    benchmark:
        "logs/benchmarks/describe/{study}.tsv"
    wildcard_constraints:
        study=one_of(DESCRIBED),
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        study="{study}",
        title=of_study("title"),
        question=of_study("question"),
        dataset=of_study("dataset"),
        card=lambda wildcards: plain(card_of(wildcards)),
        text=of_study("report"),
        code=code("describe"),
    message:
        "Describe the data of {wildcards.study}"
    script:
        "../scripts/describe.py"


rule index:
    input:
        reports=expand("results/{study}/report.html", study=PROJECT.studies),
        numbers=[numbers_of(study) for study in PROJECT.studies],
    output:
        page="results/index.html",
    log:
        "logs/index/index.log",
    benchmark:
        "logs/benchmarks/index/index.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        studies=headlines(),
        code=code("index"),
    message:
        "List the reports"
    script:
        "../scripts/index.py"


rule versions:
    output:
        versions="results/versions.json",
    log:
        "logs/versions/versions.log",
    benchmark:
        "logs/benchmarks/versions/versions.tsv"
    conda:
        "../envs/radflow.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        versions=VERSIONS,
    message:
        "Write down the version of each step's code"
    script:
        "../scripts/versions.py"
