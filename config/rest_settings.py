"""The REST framework, and the OpenAPI document that is made of its views."""

from __future__ import annotations

from config.openapi_texts import DESCRIPTION
from config.service_settings import VERSION
from core import ids

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    # This is no throttle. It stands here because the framework asks throttles last. The key's own
    # rate limit is counted with its authentication.
    "DEFAULT_THROTTLE_CLASSES": ["config.middleware.idempotency.IdempotencyCheck"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "config.problems.answer_api_error",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.negotiation.FixedContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sayso",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/v1",
    # What is no id is answered with 404, as an unknown id is.
    "PATH_CONVERTER_OVERRIDES": {
        kind: {"type": "string", "pattern": f"^{prefix}_[a-z2-7]{{26}}$"}
        for kind, prefix in ids.PREFIXES_IN_PATHS.items()
    },
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "SERVE_AUTHENTICATION": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "config.openapi_fields.share_words",
        "config.openapi_hooks.complete_document",
    ],
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "persistAuthorization": False,
        "validatorUrl": None,
    },
}
