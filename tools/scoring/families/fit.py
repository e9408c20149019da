"""Rows of the feature table that say who the lead is. Data only, no computing."""

from tools.scoring.families.feature import Feature, Unit

FIT = (
    Feature("source", Unit.CATEGORY, "source", "the lead's source", "source"),
    Feature("region", Unit.CATEGORY, "region", "the lead's region", "region"),
    Feature("language", Unit.CATEGORY, "language", "the lead's language", "language"),
    Feature("product", Unit.CATEGORY, "product of interest", "the lead's product_id", "product"),
    Feature("has_email", Unit.FLAG, "email address on file", "whether an email address is known", "has_email"),
    Feature("has_phone", Unit.FLAG, "phone number on file", "whether a phone number is known", "has_phone"),
    Feature("has_company", Unit.FLAG, "company on file", "whether a company is known", "has_company"),
    Feature(
        "decision_maker_probability", Unit.SHARE, "chance that the contact decides, by job title",
        "by words of the job title, hand-set: owner, founder or chief .9; vice president, director or head .7; "
        "manager .4; other .15; null without a title",
        "decision_maker",
    ),
    Feature(
        "company_maturity_score", Unit.SHARE, "maturity of the company",
        "mean of those known: ln(1 + employees) / ln(1001), years in business / 20, "
        "log10(revenue / 10,000) / 4, each held in [0, 1]; null where none is known",
        "company_maturity",
    ),
)  # fmt: skip
