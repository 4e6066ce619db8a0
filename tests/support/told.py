"""Records of customers as systems tell them, each good by its contract."""

from __future__ import annotations

from typing import Any

STAMP = "2026-03-09T12:00:00.000+0000"
ACCOUNT: dict[str, Any] = {
    "Id": "001Ac0000000001AAE", "IsDeleted": False, "SystemModstamp": STAMP,
    "Name": " Quay Books Ltd ", "Email__c": "", "Phone": "0117 496 0001",
    "ShippingStreet": "1 Quay", "ShippingCity": "Hull", "ShippingPostalCode": "HU1 1AA",
    "ShippingCountry": "United Kingdom", "BillingStreet": None, "BillingCity": None,
    "BillingPostalCode": None, "BillingCountry": "GB", "Tax_Id__c": "GB123456727",
    "Payment_Terms__c": 30.0, "Opted_Out__c": False, "Active__c": True, "Loyalty_Code__c": None,
    "Loyalty_Tier__c": None, "Loyalty_Points__c": None, "Accord_Id__c": None,
    "Accord_Archived__c": False,
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "Id": "003Ac0000000001AAE", "IsDeleted": False, "SystemModstamp": STAMP,
    "FirstName": "Ann", "LastName": "O'Shea", "Email": "Ann@Mail.example", "Phone": None,
    "MobilePhone": "07700 900001", "MailingStreet": "1 Quay", "MailingCity": "Hull",
    "MailingPostalCode": "HU1 1AA", "MailingCountry": "UK", "Birthdate": "1980-02-29",
    "HasOptedOutOfEmail": True, "Active__c": False, "Loyalty_Code__c": "01",
    "Loyalty_Tier__c": "GOLD", "Loyalty_Points__c": 120.0, "Accord_Id__c": "C-1",
    "Accord_Archived__c": False,
}  # fmt: skip
BILLED: dict[str, Any] = {
    "id": "cus_1", "object": "customer", "created": 1_772_804_633, "name": "Northwick Ltd",
    "email": "office@northwick.example", "phone": "", "currency": "gbp", "balance": 0,
    "delinquent": False, "address": {"line1": "14 Harbour Road", "city": "Bristol"},
    "shipping": {"address": {"line1": "Dock 3", "country": "GB"}},
    "metadata": {"kind": "organisation", "accord_id": "g-1", "payment_terms_days": "30"},
    "tax_ids": {"data": [{"type": "gb_vat", "value": "GB980780684"}]},
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "contact_id": "0a1b", "id": "9e26471d35a78862c17e467d87cddedf",
    "email_address": "ida@post.example", "status": "subscribed", "timestamp_opt": "",
    "merge_fields": {"FNAME": "Ida", "LNAME": "Holm", "POINTS": 12, "TIER": "GOLD"},
    "last_changed": "2026-03-09T12:00:00+00:00",
}  # fmt: skip
