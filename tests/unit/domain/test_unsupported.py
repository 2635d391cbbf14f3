import pytest

from shared.domain import document, unsupported
from shared.domain.markup import Path
from shared.errors import DatasetInvalid

EVERYTHING = """
apiVersion: loadstone/v1
kind: Dataset
name: retail_orders
owner: {team: commerce-data, contact: "#commerce-data"}
source:
  bucket: landing
  key: "erp/orders/{businessDate:%Y/%m/%d}/orders_*.csv.gz"
  files: {min: 1, max: 40}
  complete: {marker: _SUCCESS, stableFor: 120s}
  onReupload: supersede
  afterLoad: {action: tag, tag: {ingested: "true"}}
  triggers: [schedule, manual, s3-event]
format:
  type: csv
  compression: zstd
  encoding: windows-1252
  onInvalidBytes: replace
  onNulByte: strip
  dialect:
    delimiter: ";"
    quoteChar: '"'
    doubleQuote: false
    header: true
    headerRows: [1]
    commentChar: "#"
    skipInitialSpace: true
    escapeChar: "!"
    lineTerminator: "\\r"
    nullSequence: "-"
schema:
  fieldsMatch: subset
  missingValues: ["", "NULL", "-"]
  primaryKey: [order_id]
  uniqueKeys: [[order_id, email]]
  foreignKeys: []
  fields:
    - name: order_id
      type: integer
      physicalType: bigint
      aliases: ["Order ID", "OrderNo"]
      constraints: {required: true, minimum: 1}
    - name: email
      type: string
      format: email
      missingValues: ["-"]
      timezone: Europe/Berlin
      decimalChar: ","
      groupChar: "."
      trueValues: ["J", "1"]
      falseValues: ["N", "0"]
      classification: confidential
      mask: sha256
evolution: {newColumns: discard_value, typeMismatch: discard_value}
load:
  target: {schema: retail, table: orders}
  mode: replacePartition
  partitionBy: {column: business_date, from: businessDate}
  onError: SKIP_FILE
  maxErrors: 500
  lineage: true
  indexes: [{columns: [order_id], method: gist}]
  analyze: false
quality:
  - {id: rows, metric: rowCount, mustBe: 1}
  - {id: volume, metric: rowCountChange, unit: percent, arguments: {window: 28}, mustBeBetween: [-40, 60]}
  - {id: nulls, element: email, metric: nullValues, mustBeLessThan: 5}
  - {id: double, metric: duplicateValues, element: email, mustBe: 0}
  - {id: future, type: sql, query: select 1, mustBe: 0}
publish: {gate: on_warning, holdFor: 72h, releaseGroup: retail, preserve: [views, grants, comments]}
sla:
  - {property: frequency, value: 1, unit: d}
  - {property: timeOfAvailability, value: "06:30", driver: operational}
  - {property: latency, value: 45, unit: min}
calendar: {timezone: Europe/Berlin, days: mon-sat, holidays: DE, grace: 20m}
schedule: {cron: "0 5 * * 1-6", timezone: Europe/Berlin, catchUp: true, businessDate: yesterday}
retention: {versions: 14, days: 90, quarantineDays: 90, historyDays: 730}
limits: {timeout: 2h, concurrency: 1, retries: 3, backoff: {initial: 30s, max: 15m, jitter: true}}
notify: [{channel: "#data-alerts", tool: slack, events: [failed]}]
access: {read: [analyst], operate: [oncall], approve: [commerce-lead]}
"""

REFUSED = """
source.triggers[2]

load.indexes[0].method
sla[0].property sla[0].unit sla[2].property sla[2].unit
calendar notify access.operate access.approve
"""


def _problems() -> dict[str, str]:
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(EVERYTHING)
    return dict(problem.split(": ", 1) for problem in caught.value.problems)


def test_whatever_does_not_work_yet_is_refused_by_name() -> None:
    refused = [path for path, text in _problems().items() if "is not supported yet" in text]
    assert sorted(refused) == sorted(REFUSED.split())


STRINGS_HAVE_NONE = "trueValues falseValues decimalChar groupChar timezone"


def test_nothing_else_of_the_full_reference_is_called_unknown() -> None:
    others = {path: text for path, text in _problems().items() if "is not supported yet" not in text}
    assert not [text for text in others.values() if "unknown" in text]
    senseless = {f"schema.fields[1].{key}" for key in STRINGS_HAVE_NONE.split()}
    assert set(others) == {"sla[0].value", "sla[2].value", "quality[1].arguments.window", *senseless}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format", "encoding"), 5),
        (("format", "type"), "excel"),
        (("load", "analyze"), "no"),
        (("name",), "x"),
    ],
)
def test_nonsense_is_not_promised_for_later(path: Path, value: object) -> None:
    assert not unsupported.is_value(path, value)
