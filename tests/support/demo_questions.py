"""Forty questions over the demonstration's datasets: the tools that each takes, and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field

LOOK = ["list_datasets", "get_dataset_info", "get_dataset_info"]
READ = [*LOOK, "list_databases", "execute_sql"]
SEARCH = [*READ, "execute_sql"]
# Of a dataset as wide as this one the description is shortened, and its columns are not.
WIDE = [*LOOK, "list_databases"]
DRAW = [*READ, "generate_chart"]
AGAIN = ["list_datasets", "get_dataset_info", "list_databases", "execute_sql"]
SALES, WORLD = "cleaned_sales_data", "wb_health_population"
GAMES, BIRTHS = "video_game_sales", "birth_names"
YEAR = "CAST(strftime('%Y', {}) AS INTEGER)"


@dataclass(frozen=True)
class Case:
    """What is asked (the last text counts), which tools that takes, and the SQL that it equals."""

    slug: str
    texts: tuple[str, ...]
    tools: Sequence[str]
    sql: str = ""
    says: tuple[str, ...] = ()
    options: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return f"{self.slug}: {' / '.join(self.texts)}"


def on(slug: str, *texts: str, tools: Sequence[str], **how) -> Case:
    return Case(slug, texts, tools, **how)


def total(figure: str, table: str, *groups: str, where: str = "1", order: str = "") -> str:
    names = ", ".join([*groups, figure])
    by = f" GROUP BY {', '.join(groups)} ORDER BY {order or f'{figure} DESC'}" if groups else ""
    return f"SELECT {names} FROM {table} WHERE {where}{by}"


ORDERED = YEAR.format("order_date")
MONTH = "strftime('%Y-%m', order_date)"
IN_2004 = "order_date >= '2004-01-01' AND order_date < '2005-01-01'"

DEMO_QUESTIONS = [
    on("acme", "list datasets", tools=LOOK[:1], says=(SALES, WORLD)),
    on(
        "acme",
        "What dashboards are there?",
        tools=["list_dashboards"],
        says=("cleaned_sales_data at a glance",),
    ),
    on("globex", "Which charts do we have?", tools=["list_charts"], says=("/explore/?slice_id=",)),
    on("acme", f"Describe {SALES}", tools=LOOK[:2], says=("`order_date`", "`sales`", "25 columns")),
    on("globex", "what columns does birth names have?", tools=LOOK[:2], says=("`sum__num`",)),
    on(
        "globex",
        "which genres are there?",
        tools=READ,
        sql=total("count(*)", GAMES, "genre"),
    ),
    on("acme", "List the product lines", tools=READ, sql=total("count(*)", SALES, "product_line")),
    on("acme", "What were the total sales?", tools=READ, sql=total("sum(sales)", SALES)),
    on("acme", "total sales in 2004", tools=READ, sql=total("sum(sales)", SALES, where=IN_2004)),
    on(
        "acme",
        "sales in Q3 2004 by country",
        tools=READ,
        sql=total(
            "sum(sales)",
            SALES,
            "country",
            where="order_date >= '2004-07' AND order_date < '2004-10'",
        ),
    ),
    on(
        "acme",
        "Show me sales by year and product line",
        tools=DRAW,
        sql=total("sum(sales)", SALES, ORDERED, "product_line", order="1, 2"),
        says=("Chart (line, saved): [", "/explore/?slice_id="),
    ),
    on(
        "acme",
        "Show me sales by product line",
        "and for 2004 only",
        tools=[*AGAIN, "generate_chart"],
        sql=total("sum(sales)", SALES, "product_line", where=IN_2004),
    ),
    on(
        "acme",
        "sales by deal size",
        "as a pie chart",
        tools=[*AGAIN, "generate_chart"],
        sql=total("sum(sales)", SALES, "deal_size"),
        says=("Chart (pie, saved)",),
    ),
    on(
        "acme",
        "top 5 customers by sales",
        tools=READ,
        sql=total("sum(sales)", SALES, "customer_name") + " LIMIT 5",
    ),
    on(
        "acme",
        "the lowest 5 countries by sales",
        tools=READ,
        sql=total("sum(sales)", SALES, "country", order="2") + " LIMIT 5",
    ),
    on(
        "acme",
        "Which country has the highest sales?",
        tools=READ,
        sql=total("sum(sales)", SALES, "country") + " LIMIT 1",
    ),
    on(
        "acme",
        "average price_each by product line in France",
        tools=SEARCH,
        sql=total("avg(price_each)", SALES, "product_line", where="country = 'France'"),
    ),
    on(
        "acme",
        "Compare sales of Classic Cars and Trains by year",
        tools=SEARCH,
        sql=total(
            "sum(sales)",
            SALES,
            ORDERED,
            "product_line",
            where="product_line IN ('Classic Cars', 'Trains')",
            order="1, 2",
        ),
    ),
    on(
        "acme",
        "compare 2003 and 2004 sales",
        tools=READ,
        sql=total("sum(sales)", SALES, ORDERED, where="order_date < '2005-01-01'", order="1"),
    ),
    on(
        "acme",
        "monthly sales in 2004",
        tools=READ,
        sql=total("sum(sales)", SALES, MONTH, where=IN_2004, order="1"),
    ),
    on(
        "acme",
        "number of customers by country",
        tools=READ,
        sql=total("count(DISTINCT customer_name)", SALES, "country", order="2 DESC, 1"),
    ),
    on(
        "acme",
        "total sales where quantity ordered is over 40",
        tools=READ,
        sql=total("sum(sales)", SALES, where="quantity_ordered > 40"),
    ),
    on(
        "acme",
        "sales by country excluding USA",
        tools=SEARCH,
        sql=total("sum(sales)", SALES, "country", where="country <> 'USA'"),
    ),
    on(
        "acme",
        "sales by deal size and status",
        tools=READ,
        sql=total("sum(sales)", SALES, "deal_size", "status"),
    ),
    on(
        "acme",
        "Pie chart of sales by deal size",
        tools=DRAW,
        sql=total("sum(sales)", SALES, "deal_size"),
    ),
    on(
        "acme",
        "total SP_POP_TOTL by region in 2010",
        tools=[*WIDE, "execute_sql"],
        sql=total("sum(SP_POP_TOTL)", WORLD, "region", where="year LIKE '2010%'"),
    ),
    on(
        "acme",
        "show me SP_POP_TOTL over time in South Asia since 2000",
        tools=[*WIDE, *["execute_sql"] * 3, "generate_chart"],
        sql=total(
            "sum(SP_POP_TOTL)",
            WORLD,
            YEAR.format("year"),
            where="region = 'South Asia' AND year >= '2000-01-01'",
            order="1",
        ),
    ),
    on(
        "acme",
        "highest SP_DYN_LE00_IN by region",
        tools=[*WIDE, "execute_sql"],
        sql=total("max(SP_DYN_LE00_IN)", WORLD, "region"),
    ),
    on(
        "globex",
        "total global sales by platform",
        tools=READ,
        sql=total("sum(global_sales)", GAMES, "platform"),
    ),
    on(
        "globex",
        "top 3 publishers by global sales",
        tools=READ,
        sql=total("sum(global_sales)", GAMES, "publisher") + " LIMIT 3",
    ),
    on(
        "globex",
        "average eu_sales per genre since 2010",
        tools=READ,
        sql=total("avg(eu_sales)", GAMES, "genre", where="year >= 2010"),
    ),
    on(
        "globex",
        "Global sales of Nintendo and Sega by year",
        tools=SEARCH,
        sql=total(
            "sum(global_sales)",
            GAMES,
            "year",
            where="publisher IN ('Nintendo', 'Sega')",
            order="year IS NULL, year",
        ),
    ),
    on(
        "globex",
        "Compare na_sales and jp_sales by genre",
        tools=READ,
        sql=total("sum(na_sales), sum(jp_sales)", GAMES, "genre", order="2 DESC"),
    ),
    on(
        "globex",
        "How many rows are in the birth names dataset?",
        tools=[*LOOK[:2], "list_databases", "execute_sql"],
        sql=total("count(*)", BIRTHS),
    ),
    on(
        "globex",
        "sum of num for girls in CA",
        tools=[*SEARCH, "execute_sql"],
        sql=total("sum(num)", BIRTHS, where="gender = 'girl' AND state = 'CA'"),
    ),
    on(
        "globex",
        "total num by name for boys, top 10",
        tools=SEARCH,
        sql=total("sum(num)", BIRTHS, "name", where="gender = 'boy'") + " LIMIT 10",
    ),
    on(
        "globex",
        "Draw a line chart of num by gender since 2000",
        tools=DRAW,
        sql=total("sum(num)", BIRTHS, "gender", where="ds >= '2000-01-01'"),
        says=("Chart (line, saved)",),
    ),
    on(
        "globex",
        "how many different states are there in birth names?",
        tools=READ,
        sql=total("count(DISTINCT state)", BIRTHS),
    ),
    on(
        "globex",
        "births by state",
        "num",
        tools=AGAIN,
        sql=total("sum(num)", BIRTHS, "state"),
    ),
    on(
        "globex",
        "Build a dashboard of global sales by genre and platform",
        tools=[
            *READ[:-1],
            "write_todos",
            *["generate_chart"] * 4,
            "write_todos",
            "generate_dashboard",
            "write_todos",
        ],
        says=("Dashboard: [", "/superset/dashboard/"),
    ),
]
