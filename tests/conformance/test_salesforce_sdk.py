"""simple-salesforce, which people use on the real Salesforce, understands our emulator over TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from systems.salesforce.emulator import Emulator, Limits
from tests.support import salesforce

VERSION = "62.0"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[requests.Session]:
    """A session that trusts the certificate of `server`."""
    made = requests.Session()
    made.trust_env = False
    made.verify = str(tmp_path / "authority.pem")
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def org(tmp_path: Path, server: ssl.SSLContext) -> Iterator[Emulator]:
    with salesforce.emulator(tmp_path, tls=server, limits=Limits(page_records=3)) as running:
        yield running


def signed_in(org: Emulator, session: requests.Session) -> Salesforce:
    form = {
        "grant_type": "client_credentials",
        "client_id": salesforce.SECRET,
        "client_secret": salesforce.SECRET,
    }
    told = session.post(org.token_url, data=form, timeout=30).json()
    return Salesforce(
        instance_url=told["instance_url"],
        session_id=told["access_token"],
        version=VERSION,
        session=session,
    )


@pytest.fixture
def sdk(org: Emulator, session: requests.Session) -> Salesforce:
    return signed_in(org, session)


def names(records: Any) -> list[str]:
    return [record["LastName"] for record in records]


def test_it_signs_in_with_client_credentials_and_is_told_where_to_call(
    org: Emulator, session: requests.Session
) -> None:
    assert org.url.startswith("https://")
    assert signed_in(org, session).base_url == f"{org.url}/services/data/v{VERSION}/"


def test_it_queries_page_by_page(org: Emulator, sdk: Salesforce) -> None:
    everybody = [row["LastName"] for row in org.rows("contacts")]
    query = "SELECT Id, LastName FROM Contact ORDER BY Id"
    page = sdk.query(query)
    assert (page["done"], page["totalSize"], len(page["records"])) == (False, len(everybody), 3)
    second = sdk.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert names(page["records"]) + names(second["records"]) == everybody[:6]
    assert names(sdk.query_all(query)["records"]) == everybody
    assert names(sdk.query_all_iter(query)) == everybody


def test_it_quotes_as_the_emulator_reads(org: Emulator, sdk: Salesforce) -> None:
    odd = 'O\'Shea \\ "quoted"\n%_'
    sdk.Contact.create({"LastName": odd})
    found = sdk.query(format_soql("SELECT LastName FROM Contact WHERE LastName = {}", odd))
    assert names(found["records"]) == [odd]


def test_it_upserts_by_our_id_updates_reads_and_deletes(org: Emulator, sdk: Salesforce) -> None:
    key = "Accord_Id__c/C-1"
    assert sdk.Account.upsert(key, {"Name": "Quay Books Ltd", "Payment_Terms__c": 30}) == 201
    assert sdk.Account.upsert(key, {"Payment_Terms__c": 14}) == 200
    [record_id] = [row["Id"] for row in org.rows("accounts") if row["Accord_Id__c"] == "C-1"]
    assert sdk.Account.update(record_id, {"Phone": "0117 496 0000"}) == 204
    shown = sdk.Account.get(record_id)
    assert (shown["Name"], shown["Payment_Terms__c"]) == ("Quay Books Ltd", 14.0)
    assert shown["attributes"]["type"] == "Account"
    assert sdk.Account.delete(record_id) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sdk.Account.get(record_id)
    assert [it.effect for it in org.journal()] == ["created", "updated", "updated", "deleted"]


def test_it_saves_collections_record_by_record(org: Emulator, sdk: Salesforce) -> None:
    body = {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Contact"}, "Accord_Id__c": "C-1", "LastName": "Good"},
            {"attributes": {"type": "Contact"}, "Accord_Id__c": "C-2"},
            {"attributes": {"type": "Contact"}, "Accord_Id__c": "C-3", "LastName": "x" * 81},
        ],
    }
    path = "composite/sobjects/Contact/Accord_Id__c"
    good, nameless, long = sdk.restful(path, method="PATCH", json=body)
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert nameless["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert nameless["errors"][0]["fields"] == ["LastName"]
    assert long["errors"][0]["statusCode"] == "STRING_TOO_LONG"


def test_it_learns_of_deletions_descriptions_and_limits(org: Emulator, sdk: Salesforce) -> None:
    gone = org.rows("contacts")[0]["Id"]
    org.erase("contacts", gone)
    now = datetime.now(UTC)
    told = sdk.Contact.deleted(now - timedelta(hours=1), now + timedelta(minutes=2))
    assert [item["id"] for item in told["deletedRecords"]] == [gone]
    found = sdk.query_all("SELECT Id FROM Contact WHERE IsDeleted = TRUE", include_deleted=True)
    assert [item["Id"] for item in found["records"]] == [gone]
    fields = {field["name"]: field for field in sdk.Contact.describe()["fields"]}
    assert fields["Accord_Id__c"]["externalId"]
    assert sdk.limits()["DailyApiRequests"]["Max"] > 0
    assert sdk.api_usage["api-usage"].used > 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Nothing__c FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Name = 'a' OR Name = 'b' AND Phone = ''", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Id = 'too short'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
    ],
)
def test_it_reads_the_refusal_of_a_query(sdk: Salesforce, query: str, code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sdk.query(query)
    [told] = refused.value.content
    assert told["errorCode"] == code
    assert told["message"]


def test_it_reads_the_end_of_a_session_and_of_the_quota(
    tmp_path: Path, org: Emulator, sdk: Salesforce, session: requests.Session,
    server: ssl.SSLContext,
) -> None:  # fmt: skip
    org.expire_tokens()
    with pytest.raises(SalesforceExpiredSession) as ended:
        sdk.query("SELECT Id FROM Contact")
    assert ended.value.content[0]["errorCode"] == "INVALID_SESSION_ID"
    small = tmp_path / "small"
    small.mkdir()
    with salesforce.emulator(small, tls=server, limits=Limits(per_day=1)) as poor:
        other = signed_in(poor, session)
        other.limits()
        with pytest.raises(SalesforceRefusedRequest) as refused:
            other.limits()
    assert refused.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
