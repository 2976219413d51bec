"""All settings, from the environment; a bad value stops the start with its name and the fix."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
_DEVELOPMENT_KEY = "development-only-key-that-production-refuses"


def _choice(name: str, *, default: str, allowed: tuple[str, ...]) -> str:
    value: str = env.str(name, default=default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: set it to one of {', '.join(allowed)}.")
    return value


def _whole(name: str, *, default: int, least: int = 0) -> int:
    text = env.str(name, default=str(default))
    if not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(
            f"{name}={text!r}: set it to a whole number of at least {least}."
        )
    return int(text)


def _flag(name: str, *, default: bool) -> bool:
    text = env.str(name, default="1" if default else "0").lower()
    if text not in {"0", "1", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name}={text!r}: set it to 1 or 0.")
    return text in {"1", "true", "yes", "on"}


ENVIRONMENT = _choice(
    "VEZE_ENV", default="development", allowed=("development", "test", "production")
)
PRODUCTION = ENVIRONMENT == "production"
DEBUG = _flag("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=_DEVELOPMENT_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
# Exact origins that may open a socket or post a form, for example https://scores.example.org.
TRUSTED_ORIGINS = env.list("TRUSTED_ORIGINS", default=[])
CSRF_TRUSTED_ORIGINS = TRUSTED_ORIGINS

if PRODUCTION:
    if SECRET_KEY == _DEVELOPMENT_KEY or len(SECRET_KEY) < 40:
        raise ImproperlyConfigured("SECRET_KEY: set a secret of at least 40 characters.")
    if DEBUG:
        raise ImproperlyConfigured("DEBUG: must be off when VEZE_ENV=production.")
    for _needed in ("DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "TRUSTED_ORIGINS"):
        if not os.environ.get(_needed):
            raise ImproperlyConfigured(f"{_needed}: must be set when VEZE_ENV=production.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS: name the hosts; * is refused in production.")

INSTALLED_APPS = [
    "daphne",
    "config",
    "notifications",
    "fantasy",
    "ticketing",
    "mlmodels",
    "stats",
    "matches",
    "leagues",
    "streams",
    "accounts",
    "config.apps.CurationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]
# Apps without content yet are left out until their first model arrives.
INSTALLED_APPS = [
    app
    for app in INSTALLED_APPS
    if app not in {"fantasy", "ticketing", "notifications", "mlmodels"}
    or (BASE_DIR / app / "apps.py").exists()
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "config.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.PlainTextMiddleware",
    "config.middleware.FollowsMiddleware",
    "config.middleware.ViewerZoneMiddleware",
    "config.keys.KeyMiddleware",
    "config.middleware.SightMiddleware",
    "config.limits.LimitMiddleware",
    "config.keys.KeyRightsMiddleware",
    "config.idempotency.IdempotencyMiddleware",
    "config.conditional.ConditionalMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ]
        },
    }
]

_EMBEDDED = (
    None if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL") else embedded.urls()
)
DATABASE_URL = env.str("DATABASE_URL", default="") or (_EMBEDDED.database_url if _EMBEDDED else "")
REDIS_URL = env.str("REDIS_URL", default="")
# kombu spells a Unix socket in its own way.
_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    _BROKER_URL = f"redis+socket{REDIS_URL[4:]}".replace("?db=", "?virtual_host=")
if not REDIS_URL and _EMBEDDED:
    # Test workers share the servers, each with a database of its own.
    _number = _whole("VEZE_REDIS_DB", default=0)
    REDIS_URL = _EMBEDDED.redis_url.replace("db=0", f"db={_number}")
    _BROKER_URL = _EMBEDDED.celery_broker_url.replace("virtual_host=0", f"virtual_host={_number}")

# The pool belongs to web processes: a Celery child would close and reopen it at every task.
DATABASE_POOL = _flag("DATABASE_POOL", default=False)
_database: dict[str, Any] = environ.Env.db_url_config(DATABASE_URL)
# The URL of a socket names its directory as a parameter; psql and beat look for it in HOST.
for _part in ("host", "port"):
    _found = _database.get("OPTIONS", {}).pop(_part, None)
    _database[_part.upper()] = _found or _database.get(_part.upper(), "")
_database["ENGINE"] = "django_prometheus.db.backends.postgresql"
_database["CONN_HEALTH_CHECKS"] = True
_database["CONN_MAX_AGE"] = 0 if DATABASE_POOL else 60
_database.setdefault("OPTIONS", {})["options"] = "-c lock_timeout=10000 -c statement_timeout=60000"
if DATABASE_POOL:
    _database["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": _whole("DATABASE_POOL_SIZE", default=10, least=1),
        "timeout": 5,
    }
_database["TEST"] = {
    "NAME": env.str("VEZE_TEST_DATABASE", default="test_veze"),
    "TEMPLATE": "template0",
}
DATABASES = {"default": _database}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "display_name")}),
        ("MinimumLengthValidator", {"min_length": 8}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
if ENVIRONMENT == "test":
    # Hundreds of logins a run; real ones are slow on purpose.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Whether visitors may open accounts; closed: whoever runs the site makes them in the admin.
SIGN_UP_OPEN = _choice("SIGN_UP", default="open", allowed=("open", "closed")) == "open"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

REDIS_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "health_check_interval": 10,
}
CACHES = {
    "default": {
        "BACKEND": "config.caches.KeptRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "veze",
        "OPTIONS": REDIS_OPTIONS,
    }
}
SILENCED_SYSTEM_CHECKS = [
    # django-ratelimit does not know Django's own Redis cache, which counts atomically.
    "django_ratelimit.W001",
    "django_ratelimit.E003",
]


def _redis_database(url: str) -> str:
    parts = urlsplit(url)
    by_path = "" if parts.scheme == "unix" else parts.path.strip("/")
    return parse_qs(parts.query).get("db", [by_path])[0] or "0"


CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # A listener waits for as long as nothing happens, so it must have no read time-out.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            # Redis tells all its databases what is published in one: other sites', other tests'.
            "prefix": f"veze-live-{_redis_database(REDIS_URL)}",
        },
    }
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or _BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
    "global_keyprefix": "veze-celery:",
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
# A full window would make the transport look away for up to a second. Long tasks have queues, and
# in production workers, of their own.
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULER = "config.beat:SingleScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["config.rendering.PublicJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsing.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    # Deny by default: each view names who may use it.
    "DEFAULT_PERMISSION_CLASSES": ["config.permissions.DenyAll"],
    "DEFAULT_PAGINATION_CLASS": "config.paging.CursorPaging",
    "DEFAULT_FILTER_BACKENDS": ["config.parameters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.problem_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VEZEPySports API",
    "DESCRIPTION": "Leagues, matches, live events and statistics, each number with its source.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "FantasyGameStateEnum": "fantasy.enums.GameState.choices",
        "FantasyRoundStateEnum": "fantasy.enums.RoundState.choices",
        "FantasyCupStateEnum": "fantasy.enums.CupState.choices",
        "FantasyLeagueKindEnum": "fantasy.enums.LeagueKind.choices",
        "FantasyAvailabilityEnum": "fantasy.enums.Availability.choices",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.document_problems",
    ],
}
API_REQUESTS_PER_MINUTE = {
    "read": _whole("API_READS_PER_MINUTE", default=600, least=1),
    "live": _whole("API_LIVE_READS_PER_MINUTE", default=1200, least=1),
}
# Of one partner's key, wherever it is used.
API_KEY_REQUESTS_PER_MINUTE = {
    "read": _whole("API_KEY_READS_PER_MINUTE", default=1200, least=1),
    "live": _whole("API_KEY_LIVE_READS_PER_MINUTE", default=2400, least=1),
}
# Keys of one user that are not revoked.
PARTNER_KEYS_PER_USER = _whole("PARTNER_KEYS_PER_USER", default=10, least=1)
# Of one account; a network may fail four times as often.
LOGIN_FAILURES_PER_QUARTER_HOUR = _whole("LOGIN_FAILURES_PER_QUARTER_HOUR", default=5, least=1)
REPORTS_PER_HOUR = _whole("REPORTS_PER_HOUR", default=10, least=1)
# Production serves /metrics to whoever sends it as a bearer token, and to nobody without one.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
CSRF_FAILURE_VIEW = "config.problems.csrf_failure"
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", default=[])

LANGUAGE_CODE = "en"
# Only what is translated in full: Django's own words would mix with English ones.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
CLOCK = env.str("VEZE_CLOCK", default="")
# A folder of further sport packs, one folder each.
PACKS_DIR = env.str("VEZE_PACKS_DIR", default="")
if PACKS_DIR and not Path(PACKS_DIR).is_dir():
    raise ImproperlyConfigured(f"VEZE_PACKS_DIR={PACKS_DIR!r}: set it to a folder that exists.")
# Where trained models lie; the workers of the queue ml must share it.
MODELS_DIR = env.str("VEZE_MODELS_DIR", default="") or str(
    Path(os.environ.get("VEZE_DATA_DIR") or BASE_DIR / ".veze").expanduser().resolve() / "models"
)
# Signs the receipts of saved squads: 32 bytes, hexadecimal; empty: made from SECRET_KEY. Keys used
# before stay trusted when their public halves are named.
RECEIPT_KEY = env.str("RECEIPT_KEY", default="")
RECEIPT_OLD_PUBLIC_KEYS = env.list("RECEIPT_OLD_PUBLIC_KEYS", default=[])
for _name, _keys in (
    ("RECEIPT_KEY", [RECEIPT_KEY] if RECEIPT_KEY else []),
    ("RECEIPT_OLD_PUBLIC_KEYS", RECEIPT_OLD_PUBLIC_KEYS),
):
    if any(len(_key) != 64 or set(_key) - set("0123456789abcdef") for _key in _keys):
        raise ImproperlyConfigured(f"{_name}: set 64 hexadecimal digits, lower case.")
# Signs push messages: 32 bytes, hexadecimal; empty: made from SECRET_KEY. Browsers that subscribed
# with another key subscribe anew when their users come by.
VAPID_KEY = env.str("VAPID_KEY", default="")
if VAPID_KEY and (len(VAPID_KEY) != 64 or set(VAPID_KEY) - set("0123456789abcdef")):
    raise ImproperlyConfigured("VAPID_KEY: set 64 hexadecimal digits, lower case.")
# Whom a push service may write to when something is wrong.
VAPID_CONTACT = env.str("VAPID_CONTACT", default="mailto:push@localhost.localdomain")
if not VAPID_CONTACT.startswith(("mailto:", "https://")):
    raise ImproperlyConfigured("VAPID_CONTACT: set a mailto: or https:// address.")

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# Vendor documents beyond these bounds are refused before they are parsed.
FEED_MAX_RAW_BYTES = _whole("FEED_MAX_RAW_BYTES", default=5 * 1024 * 1024, least=1024)
FEED_MAX_INFLATED_BYTES = _whole("FEED_MAX_INFLATED_BYTES", default=20 * 1024 * 1024, least=1024)
FEED_MAX_DEPTH = 32
FEED_TIMEOUT_S = _whole("FEED_TIMEOUT_S", default=10, least=1)
# Feeds of the local network are for development and the demo.
FEED_ALLOW_PRIVATE_HOSTS = _flag("FEED_ALLOW_PRIVATE_HOSTS", default=not PRODUCTION)

# Open sockets that one address may have without signing in.
LIVE_SOCKETS_PER_ADDRESS = _whole("LIVE_SOCKETS_PER_ADDRESS", default=5, least=1)
# And that one user, or one partner's key, may have, wherever he is.
LIVE_SOCKETS_PER_USER = _whole("LIVE_SOCKETS_PER_USER", default=20, least=1)
# Requests of one address that may wait at the same time, in each process.
LIVE_WAITS_PER_ADDRESS = _whole("LIVE_WAITS_PER_ADDRESS", default=100, least=1)
# How long partners can read what changed, and a group catch up, from the log of domain events.
OUTBOX_KEEP_DAYS = _whole("OUTBOX_KEEP_DAYS", default=30, least=1)

# Replays that one owner of keys may have at once, and the whole site.
REPLAYS_PER_HOLDER = _whole("REPLAYS_PER_HOLDER", default=5, least=1)
REPLAYS_AT_ONCE = _whole("REPLAYS_AT_ONCE", default=200, least=1)

LIVE_PING_S = _whole("LIVE_PING_S", default=25, least=1)
# A socket whose client has read nothing for this long is closed.
LIVE_STUCK_S = _whole("LIVE_STUCK_S", default=20, least=1)

LOG_LEVEL = _choice("LOG_LEVEL", default="INFO", allowed=("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING_CONFIG = "config.logs.configure"
# No personal data in the logs; the request's id is made or checked by RequestIdMiddleware.
DJANGO_STRUCTLOG_USER_ID_FIELD = ""
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
LOGGING = {"level": LOG_LEVEL, "json": PRODUCTION or not sys.stderr.isatty()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
