"""The words that made-up customers are made of. Nobody here exists."""

from __future__ import annotations

FIRST_NAMES = (
    "Amara", "Benedict", "Catherine", "Dilip", "Eleanor", "Farida", "Gareth", "Hannah", "Imogen",
    "Jonathan", "Katarzyna", "Liam", "Margaret", "Nadia", "Oliver", "Priya", "Quentin", "Rosalind",
    "Stephen", "Theresa", "Umberto", "Victoria", "William", "Yasmin", "Zoltán", "Élodie", "Søren",
)  # fmt: skip
SHORT_FORMS = {
    "Benedict": "Ben", "Catherine": "Kate", "Jonathan": "Jon", "Katarzyna": "Kasia",
    "Margaret": "Maggie", "Oliver": "Ollie", "Stephen": "Steve", "Theresa": "Tess",
    "Victoria": "Vicky", "William": "Bill",
}  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Baptiste", "Castellano", "Dunmore", "Eriksson", "Fairweather", "Gallagher",
    "Hale", "Iyer", "Jankowski", "Kettering", "Lindqvist", "MacAllister", "Nakamura", "O'Shea",
    "Pemberton", "Quayle", "Rutherford", "Szabó", "Thistlewood", "Underhill", "Vasquez",
    "Whitcombe", "Yeoman", "Zielińska", "Beaumont-Clarke", "Smith", "Jones", "Patel",
)  # fmt: skip
TRADES = (
    "Bakery", "Books", "Brewing", "Cycles", "Flooring", "Gardens", "Interiors", "Joinery",
    "Lighting", "Marine", "Optics", "Paper", "Roofing", "Software", "Textiles", "Travel",
)  # fmt: skip
PLACES = (
    "Abbey", "Bridge", "Castle", "Dale", "Eastgate", "Forge", "Granary", "Harbour", "Kings",
    "Millbrook", "North Star", "Orchard", "Priory", "Quay", "Riverside", "Summit",
)  # fmt: skip
LEGAL_FORMS = ("Ltd", "Limited", "LLP", "plc", "& Sons Ltd")
STREETS = (
    "Albion Street", "Beech Avenue", "Chapel Road", "Dock Lane", "Elm Crescent", "Fountain Street",
    "Grange Road", "High Street", "Ivy Close", "Kiln Lane", "London Road", "Mill Lane",
    "Nelson Street", "Park Avenue", "Quay Street", "Station Road", "Victoria Street",
)  # fmt: skip
TOWNS = (
    ("Bristol", "BS1"), ("Cardiff", "CF10"), ("Durham", "DH1"), ("Edinburgh", "EH3"),
    ("Glasgow", "G2"), ("Hull", "HU1"), ("Leeds", "LS2"), ("Norwich", "NR3"), ("Oxford", "OX1"),
    ("Plymouth", "PL4"), ("Sheffield", "S1"), ("York", "YO1"),
)  # fmt: skip
SHORT_STREETS = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln", "Crescent": "Cres"}
