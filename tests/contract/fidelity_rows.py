"""Every row of the fidelity table: values that a copy could lose, and the collection they are in.

Properties are JSON text, written to the source as they stand: no encoder of ours decides about
``-0.0`` or 2^53+1.
"""

from __future__ import annotations

from typing import Any

_SCALARS = {
    "t": "text", "i": "int", "n": "number", "b": "boolean", "d": "date", "u": "uuid",
    "g": "geoCoordinates", "p": "phoneNumber", "bl": "blob",
}  # fmt: skip
_ARRAYS = {
    "ta": "text[]", "ia": "int[]", "na": "number[]", "ba": "boolean[]", "da": "date[]",
    "ua": "uuid[]",
}  # fmt: skip


def _known(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "dataType": [kind]}


_LEAVES = [
    _known(name, kind)
    for name, kind in (_SCALARS | _ARRAYS).items()
    if kind not in ("geoCoordinates", "phoneNumber")
]
_NESTED = [
    *_LEAVES,
    {**_known("o", "object"), "nestedProperties": _LEAVES},
    {**_known("os", "object[]"), "nestedProperties": _LEAVES},
]
PROPERTIES = [
    *(_known(name, kind) for name, kind in (_SCALARS | _ARRAYS).items()),
    {**_known("o", "object"), "nestedProperties": _NESTED},
    {**_known("os", "object[]"), "nestedProperties": _NESTED},
    # Words that Python, JSON and protobuf keep for themselves.
    *(_known(name, "text") for name in ("class", "from", "None", "fields", "_x1")),
]


def definition(name: str, *, shards: int = 1, multi_tenant: bool = False) -> dict[str, Any]:
    """The collection, with three named vectors, one of them a multi-vector."""
    made: dict[str, Any] = {
        "class": name,
        "properties": PROPERTIES,
        "vectorConfig": {
            "a": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"},
            "b": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"},
            "m": {
                "vectorizer": {"none": {}},
                "vectorIndexType": "hnsw",
                "vectorIndexConfig": {"multivector": {"enabled": True}},
            },
        },
    }
    if multi_tenant:
        made["multiTenancyConfig"] = {"enabled": True}
    else:
        made["shardingConfig"] = {"desiredCount": shards}
    return made


_U = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
_LEAF = (
    '"t":"","i":-1,"n":-0.0,"b":false,"d":"1960-01-01T00:00:00.123456789+02:30",'
    f'"u":"{_U}","bl":"eHh4","ta":["",","],"ia":[0,-1],"na":[-0.0,0.1],"ba":[false],'
    f'"da":["0001-01-01T00:00:00Z"],"ua":["{_U}"]'
)

ROWS: dict[str, str] = {
    "text: empty": '{"t":""}',
    "text: NUL": r'{"t":"a\u0000b"}',
    "text: line separators, emoji, quotes": r'{"t":"\u2028\u2029 😀 \"\\ \u00e9 e\u0301"}',
    "text: what looks like -0": r'{"t":"[-0,:-0,\",-0]","ta":[",-0,",":-0}"]}',
    "text: long": '{"t":"' + "0123456789abcdef" * 1500 + '"}',
    "text: 127, 128, 16383 and 16384 bytes": '{"ta":['
    + ",".join('"' + "x" * size + '"' for size in (127, 128, 16383, 16384))
    + '],"t":"' + "y" * 127 + '"}',
    "number: 0.1": '{"n":0.1}',
    "number: 1e308": '{"n":1e308}',
    "number: the smallest": '{"n":5e-324}',
    "number: -0.0": '{"n":-0.0}',
    "number: whole": '{"n":3}',
    "number: 1e21": '{"n":1e21}',
    "number: 2^64 and more": '{"n":18446744073709551616,"na":[123456789012345680000]}',
    "boolean": '{"b":true,"ba":[true,false]}',
    "boolean: false": '{"b":false}',
    "uuid": f'{{"u":"{_U.upper()}","ua":["{_U}","{_U}"]}}',
    "date: 9 digits and an offset": '{"d":"2024-02-29T23:59:59.123456789-11:45"}',
    "date: year 1": '{"d":"0001-01-01T00:00:00Z"}',
    "date: before 1970": '{"d":"1901-12-13T20:45:51.000000001Z"}',
    "geo": '{"g":{"latitude":1.1,"longitude":-0.1}}',
    "geo: poles and zero": '{"g":{"latitude":-90,"longitude":0}}',
    "geo: float32": '{"g":{"latitude":52.36670112609863,"longitude":4.904140949249268}}',
    "phone: international": '{"p":{"input":"+49 171 1234567"}}',
    "phone: national": '{"p":{"input":"0171 1234567","defaultCountry":"DE"}}',
    "blob": '{"bl":"AAECAwQFBgcICQ=="}',
    "arrays": '{"ta":["a","b","a"],"ia":[3,1,2],"na":[1.5,2,-0.0],"ba":[true],'
    '"da":["2024-01-02T03:04:05Z","2024-01-02T03:04:05.5+01:00"]}',
    "arrays: empty": '{"ta":[],"ia":[],"na":[],"ba":[],"ua":[],"os":[]}',
    "date[]: empty": '{"t":"apart","da":[]}',
    "object: empty": '{"o":{}}',
    "object: all": '{"o":{' + _LEAF + ',"o":{' + _LEAF + '},"os":[{' + _LEAF + "},{}]}}",
    "object: empty arrays": '{"o":{"ta":[],"ia":[],"na":[],"ba":[],"da":[],"ua":[],"os":[]}}',
    "object: null": '{"o":{"t":null,"i":null,"ta":null,"o":null,"os":null,"d":null}}',
    "object[]: empty parts": '{"os":[{},{"t":"x"},{},{"o":{}},{"os":[{}]}]}',
    "object[]: all": '{"os":[{' + _LEAF + ',"o":{' + _LEAF + "}},{" + _LEAF + "}]}",
    "null": '{"t":null,"i":null,"o":null,"ta":null}',
    "nothing": "{}",
    "names": '{"class":"c","from":"f","None":"n","fields":"s","_x1":"x"}',
    "int: 2^53+1": '{"i":9007199254740993,"ia":[9007199254740993,-9007199254740993]}',
    "int: -2^63": '{"i":-9223372036854775808,"ia":[-9223372036854775808]}',
    "int: 2^63-1": '{"i":9223372036854775807}',
    "int: 2^63-1 in lists and objects": '{"ia":[9223372036854775807],'
    '"o":{"i":9223372036854775807,"ia":[9223372036854775807]},"os":[{"i":9223372036854775807}]}',
    "int: 2^63-1 beside an empty date[]": '{"i":9223372036854775807,"da":[],"bl":"eHh4"}',
}  # fmt: skip

#: Vectors as they are written, one kind after the other over the rows.
VECTORS: list[str | None] = [
    '{"a":[1,2.5,-0.0],"b":[0.1,1e-40],"m":[[1,2,3],[4,5.1,-0.0]]}',
    '{"a":[0.1,0.2,0.30000001]}',
    None,
    '{"m":[[1,2,3]]}',
    '{"b":[3.4028234e38,-1e-45]}',
]
