"""The document is as strict as the service: what it allows is refused for no fault of its shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from audio import encoding
from config.openapi_texts import EXAMPLES, TAGS
from consent.policy import channels, use_cases
from core.api.openapi import WORDS
from core.api.serializers import StrictSerializer, read_form
from core.errors import Fault, Invalid
from tests.contract.test_every_field import forms
from tests.support.api_operations import Schema, document, named, operations

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import django; django.setup()
from django.test.utils import setup_test_environment; setup_test_environment()
from django.test import Client
print(Client().get("/v1/openapi.json").content.decode())
"""
OF_SHAPE = {
    "required", "null", "invalid", "invalid_choice", "not_a_list", "not_a_dict", "empty",
    "max_length", "unknown_field", "invalid_base64", "control_characters",
}  # fmt: skip
"""Codes of faults that the shape of a body has, whatever it means."""
FORMS = {form.__name__.removesuffix("Serializer").removesuffix("Request"): form for form in forms()}
BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
WITH_BODY = [one.name for one in operations() if one.takes_json]


def forms_of(name: str) -> list[type[StrictSerializer]]:
    """The forms of a body. Most operations have one, and `POST /v1/voices` takes one of two."""
    schema = named(name).node["requestBody"]["content"]["application/json"]["schema"]
    component = schema["$ref"].rpartition("/")[2]
    choices = document()["components"]["schemas"][component].get("oneOf", [schema])
    return [FORMS[choice["$ref"].rpartition("/")[2]] for choice in choices]


def find_wrong_shapes(form: type[StrictSerializer], body: Schema) -> list[Fault]:
    try:
        read_form(form, body)
    except Invalid as refusal:
        # How many transcripts there are hangs on how many samples there are: no schema can say it.
        return [
            fault
            for fault in refusal.faults
            if fault.code in OF_SHAPE and fault.attr != "transcripts"
        ]
    return []


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    made = schemathesis.openapi.from_dict(document()).get_all_operations()
    found = [one.ok() for one in made if isinstance(one, Ok)]
    return {one.definition.raw["operationId"]: one for one in found}


@pytest.mark.parametrize("name", WITH_BODY)
class TestABody:
    def test_that_the_document_allows_has_the_shape_of_its_form(
        self, described: dict[str, Any], name: str
    ) -> None:
        forms = forms_of(name)

        @BOUNDED
        @given(case=described[name].as_strategy(generation_mode=GenerationMode.POSITIVE))
        def fits(case: Any) -> None:
            # A form without fields that must be there may come without a body.
            if isinstance(case.body, dict) and case.media_type == "application/json":
                assert [] in [find_wrong_shapes(form, case.body) for form in forms], case.body

        fits()

    def test_of_the_examples_is_accepted(self, name: str) -> None:
        shown = named(name).node["requestBody"]["content"]["application/json"].get("example")
        assert shown == EXAMPLES.get(name)
        if shown is not None:
            read_form(forms_of(name)[0], shown)


class TestAnOutput:
    def test_is_allowed_by_the_document_as_by_the_encoders(self) -> None:
        components = document()["components"]
        reference = {"$ref": "#/components/schemas/OutputForm", "components": components}
        schema = jsonschema_rs.Draft202012Validator(reference)
        rates = (None, 8_000, 12_000, 24_000, 44_100, 48_000, 44_000)
        bit_rates = (None, 11_999, 12_000, 48_000, 64_000, 144_000, 224_000, 256_001, 320_000)
        for codec, rate, bit_rate in product(encoding.CODECS, rates, bit_rates):
            wanted = {"codec": codec, "sample_rate_hz": rate, "bit_rate_bps": bit_rate}
            if encoding.is_codec_available(codec):
                assert schema.is_valid(wanted) == is_taken(wanted), wanted

    def test_without_a_codec_is_a_wav(self) -> None:
        components = document()["components"]
        reference = {"$ref": "#/components/schemas/OutputForm", "components": components}
        schema = jsonschema_rs.Draft202012Validator(reference)
        assert schema.is_valid({}) and schema.is_valid({"sample_rate_hz": 8_000})
        assert not schema.is_valid({"bit_rate_bps": 64_000})


def is_taken(wanted: dict[str, Any]) -> bool:
    try:
        encoding.check_output(encoding.Output(**wanted))
    except Invalid:
        return False
    return True


class TestTheServedDocument:
    def test_of_a_fresh_process_is_the_tested_one(self) -> None:
        """A10: what is served lacked what the tests had loaded."""
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        served = subprocess.run(
            [sys.executable, "-c", SERVE], capture_output=True, check=True, cwd=ROOT,
            env=environment, timeout=60,
        ).stdout  # fmt: skip
        assert json.loads(served) == document()

    def test_closes_every_form(self) -> None:
        schemas = document()["components"]["schemas"]
        open_ones = [
            name
            for name in FORMS.keys() & schemas.keys()
            if schemas[name].get("additionalProperties") is not False
        ]
        assert open_ones == []
        assert len(FORMS.keys() & schemas.keys()) > 25

    def test_lists_the_words_of_the_rules_once(self) -> None:
        schemas = document()["components"]["schemas"]
        assert set(schemas["UseCaseCode"]["enum"]) == use_cases.CODES
        assert set(schemas["ChannelCode"]["enum"]) == {channels.ANY, *channels.CHANNELS}
        assert set(schemas["LabelCode"]["enum"]) == {*use_cases.EXCLUDABLE, use_cases.UNSURE}
        assert set(schemas["ExclusionCode"]["enum"]) == use_cases.EXCLUDABLE
        assert WORDS not in json.dumps(document())

    @pytest.mark.parametrize(
        ("form", "field", "reference"),
        [
            ("GrantForm", "use_case", "UseCaseCode"),
            ("SpeechForm", "use_case", "UseCaseCode"),
            ("SpeechForm", "channel", "ChannelCode"),
            ("OutputForm", "codec", "CodecCode"),
            ("NewConsent", "notice", "NoticeCode"),
        ],
    )
    def test_refers_to_the_words_where_they_are_taken(
        self, form: str, field: str, reference: str
    ) -> None:
        assert f"schemas/{reference}" in json.dumps(property_of(form, field))

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ("NewConsent", "grants"), ("GrantForm", "actions"), ("GrantForm", "languages"),
            ("VoiceForm", "samples"), ("VoiceUpload", "samples"), ("BatchForm", "items"),
            ("NewKey", "scopes"),
        ],
    )  # fmt: skip
    def test_wants_one_entry_where_the_service_does(self, form: str, field: str) -> None:
        assert property_of(form, field)["minItems"] == 1

    def test_describes_an_item_of_a_batch(self) -> None:
        assert property_of("BatchForm", "items")["items"] == {
            "$ref": "#/components/schemas/BatchItem"
        }
        assert property_of("BatchItem", "client_reference")["maxLength"] == 200

    @pytest.mark.parametrize("name", ["speech_create", "clips_audio"])
    def test_names_the_media_types_of_audio(self, name: str) -> None:
        """A11: a client that is generated gave nothing back for speech."""
        content = named(name).node["responses"]["200"]["content"]
        assert {"audio/wav", "audio/mpeg", "audio/ogg", "application/octet-stream"} <= set(content)
        for one in content.values():
            assert one["schema"] == {"type": "string", "format": "binary"}

    def test_gives_ids_their_shape(self) -> None:
        assert property_of("SpeechForm", "voice")["pattern"] == "^vox_[a-z2-7]{26}$"
        (parameter,) = named("clips_retrieve").node["parameters"]
        assert parameter["schema"]["pattern"] == "^clp_[a-z2-7]{26}$"


class TestWhatPeopleRead:
    def test_begins_with_a_test_key_and_one_call(self) -> None:
        begin = document()["info"]["description"].partition("```\n\n")[0]
        assert begin.startswith("Take the test key")
        assert "curl -s localhost:8000/v1/speakers" in begin

    def test_groups_every_operation_under_a_name_that_is_explained(self) -> None:
        groups = [one["name"] for one in document()["tags"]]
        assert groups == [tag.name for tag in TAGS]
        assert {tag for one in operations() for tag in one.node["tags"]} == set(groups)
        assert groups[0] == "Speakers"

    def test_has_a_line_for_every_operation(self) -> None:
        for one in operations():
            assert 8 < len(one.node["summary"]) < 100, one.name
            assert "\n" not in one.node["summary"]

    def test_shows_an_example_of_every_body_that_is_in_the_table(self) -> None:
        assert set(WITH_BODY) >= EXAMPLES.keys()


def property_of(form: str, field: str) -> Schema:
    found: Schema = document()["components"]["schemas"][form]["properties"][field]
    return found
