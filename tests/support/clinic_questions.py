"""Fifteen questions, said in many ways, over a dataset that the analyst was not built with."""

from support.demo_questions import AGAIN, on, total
from support.seed_analyst import CLINIC

V = "ward_visits"
FIND = ["list_datasets", "get_dataset_info"]

CLINIC_QUESTIONS = [
    on(
        CLINIC,
        "total invoice amount by ward",
        tools=AGAIN,
        sql=total("sum(invoice_amount)", V, "ward_name"),
    ),
    on(
        CLINIC,
        "Could you show me the invoice amount per month in 2024, please?",
        tools=[*AGAIN, "generate_chart"],
        sql=total(
            "sum(invoice_amount)",
            V,
            "strftime('%Y-%m', admitted_on)",
            where="admitted_on < '2025-01-01'",
            order="1",
        ),
    ),
    on(
        CLINIC,
        "which physician has the most nights",
        tools=AGAIN,
        sql=total("sum(nights)", V, "physician") + " LIMIT 1",
    ),
    on(CLINIC, "amount by insurer", tools=FIND, options=("invoice_amount", "paid_amount", "rows")),
    on(
        CLINIC,
        "amount by insurer",
        "the paid one",
        tools=AGAIN,
        sql=total("sum(paid_amount)", V, "insurer"),
    ),
    on(
        CLINIC,
        "mean severity per insurer",
        tools=AGAIN,
        sql=total("avg(severity_score)", V, "insurer"),
    ),
    on(CLINIC, "severity by insurer", tools=FIND, options=("average", "sum", "highest")),
    on(
        CLINIC,
        "What was paid amount for asthma?",
        tools=[*AGAIN, "execute_sql"],
        sql=total("sum(paid_amount)", V, where="diagnosis = 'Asthma'"),
    ),
    on(
        CLINIC,
        "nights in the cardiology ward",
        tools=[*AGAIN, "execute_sql"],
        sql=total("sum(nights)", V, where="ward_name = 'Cardiology'"),
    ),
    on(CLINIC, "profit by ward", tools=FIND, options=("invoice_amount", "paid_amount", "nights")),
    on(CLINIC, "paid amount for Smith", tools=AGAIN, options=("physician", "insurer")),
    on(CLINIC, "how many visits last spring?", tools=FIND, options=("rows",)),
    on(
        CLINIC,
        "bottom three wards by paid amount",
        tools=AGAIN,
        sql=total("sum(paid_amount)", V, "ward_name", order="2") + " LIMIT 3",
    ),
    on(
        CLINIC,
        "invoice amount versus paid amount per insurer",
        tools=AGAIN,
        sql=total("sum(invoice_amount), sum(paid_amount)", V, "insurer", order="2 DESC"),
    ),
    on(
        CLINIC,
        "nights for Dr. Lindquist",
        tools=[*AGAIN, "execute_sql"],
        options=("physician is Lindqvist",),
    ),
]
