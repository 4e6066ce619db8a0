"""What the sandbox company's gift shop sells, to whom, and what its people type into the till.

Invented: any likeness to a real shop's codes, names or prices is an accident.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Article(NamedTuple):
    """One article: its code, the name the till prints, its price in pounds."""

    code: str
    name: str
    price: Decimal


def _article(line: str) -> Article:
    code, name, price = (part.strip() for part in line.split("|"))
    return Article(code, name, Decimal(price))


ARTICLES = tuple(
    _article(line)
    for line in """
        41002  | HARBOUR LIGHTHOUSE DOORSTOP          | 6.95
        41003  | TIN SAILING BOAT MOBILE              | 4.25
        41007A | ENAMEL MUG SEA GREEN                 | 3.75
        41007B | ENAMEL MUG PILLARBOX                 | 3.75
        41011  | ROPE HANDLE STORAGE CRATE            | 12.50
        41015  | "HOME PORT" WOODEN SIGN              | 5.45
        41018  | BRASS SHIP BELL SMALL                | 9.95
        41024  | SET OF 4 GULL COASTERS               | 2.95
        41031  | SALT, PEPPER AND MUSTARD POTS        | 7.25
        41032  | TEA, COFFEE AND OAT TINS             | 11.75
        41040  | KNITTED PUFFIN TOY                   | 4.65
        41041  | KNITTED SEAL TOY                     | 4.65
        41052C | LINEN TEA TOWEL MACKEREL             | 3.25
        41052D | LINEN TEA TOWEL COCKLES              | 3.25
        41060  | CAFÉ AU LAIT BOWL                    | 2.10
        41061  | CRÈME BRÛLÉE DISH SET OF 2           | 4.95
        41070  | BEESWAX CANDLE 8" TAPER              | 1.65
        41071  | BEESWAX CANDLE BEEHIVE               | 2.85
        41083  | PAPER BUNTING REGATTA STRIPE         | 1.25
        41084  | PAPER BUNTING MEADOW                 | 1.25
        41090  | GIFT WRAP ROLL ANCHORS               | .85
        41091  | GIFT WRAP ROLL FERNS                 | .85
        41097  | PACK OF 12 GIFT TAGS HOLLY           | .42
        41105  | RECIPE BOX WITH DIVIDERS             | 8.50
        41112  | GARDEN TWINE IN TIN                  | 2.45
        41113  | SEED PACKET STORAGE TIN              | 5.85
        41120  | SLATE PLANT MARKERS, SET OF 6        | 3.95
        41126  | WATERING CAN DOVE GREY               | 10.95
        41133  | FELT CROWN FOR CHILDREN              | 2.25
        41134  | POCKET KALEIDOSCOPE                  | 1.95
        41141  | SKIPPING ROPE PAINTED HANDLES        | 2.55
        41142  | WOODEN DOMINOES IN BAG               | 3.35
        41158  | HOT WATER BOTTLE FAIR ISLE           | 7.95
        41159  | LAVENDER WHEAT BAG                   | 5.25
        41166  | PICTURE FRAME DRIFTWOOD 6 X 4        | 4.15
        41167  | PICTURE FRAME DRIFTWOOD 7 X 5        | 4.95
        41173  | GLASS BAUBLE FROSTED PEAR            | 1.45
        41174  | GLASS BAUBLE CLEAR STAR              | 1.45
        41180  | PANTRY JAR WITH CORK LID             | 2.75
        41188  | LUNCH TIN SWALLOWS                   | 4.85
        41195  | NOTEBOOK MARBLED PAPER               | 2.65
        41196  | PENCIL SET IN ROLL                   | 3.15
        41203  | MINIATURE TERRACOTTA POT             | .36
        41210  | DOOR WREATH EUCALYPTUS               | 13.95
        41217  | CUSHION COVER HERRINGBONE            | 6.25
        41224  | THROW LAMBSWOOL OATMEAL              | 34.50
        gift_10 | Gift Voucher £10.00                 | 8.33
        gift_25 | Gift Voucher £25.00                 | 20.83
    """.strip().splitlines()
)

# Buyers abroad pay postage by country; most live at home.
COUNTRIES = (*["United Kingdom"] * 36, "France", "Germany", "EIRE", "Netherlands")
POSTAGE = {"France": "18.00", "Germany": "18.00", "EIRE": "9.50", "Netherlands": "15.00"}
CUSTOMERS = tuple(range(30_001, 30_241))
# Weighted by repetition: mostly a few pieces, now and then a shop that buys by the box.
QUANTITIES = (1, 1, 1, 1, 2, 2, 2, 3, 4, 6, 6, 12, 12, 24, 48)
DAMAGES = ("damaged", "broken in transit", "wet", "smashed", "sold as display")
