"""Where Celery's hints travel, in the words of Celery's own transport, which knows no clusters."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from mailer.errors import ConfigError

_DATABASE = 1
"""The hints' own database, where they share a Redis with everything else."""


@dataclass(frozen=True, slots=True)
class Broker:
    """An address for Celery, and the options that belong to it."""

    url: str
    options: dict[str, object] = field(default_factory=dict)


def broker_of(redis_url: str, broker_url: str) -> Broker:
    """Return the broker: where `broker_url` says, else the Redis of everything else, database 1.

    Raises ConfigError where that is a cluster, or cannot be put into Celery's words.
    """
    url = broker_url or redis_url
    scheme, _, rest = url.partition("://")
    before, _, query = rest.partition("?")
    place, _, path = before.partition("/")
    if scheme.endswith("+cluster"):
        raise ConfigError(
            "Celery cannot send its hints over a Redis Cluster. Set broker_url (PRESSRUN_BROKER_URL) to one Redis "
            "beside it, such as redis://host:6379/0, or to redis+sentinel://…. It holds nothing that could be lost."
        )
    if scheme.endswith("+sentinel"):
        options = dict(parse_qsl(query))
        database = int(options.get("db", 0)) if broker_url else _DATABASE
        return _watched(scheme, place, unquote(path), options, database)
    if broker_url:
        return Broker(broker_url)
    if scheme == "unix":
        return Broker(f"redis+socket://{before}?virtual_host={_DATABASE}")
    return Broker(f"{scheme}://{place}/{_DATABASE}{'?' if query else ''}{query}")


def _watched(scheme: str, place: str, name: str, options: dict[str, str], database: int) -> Broker:
    if scheme != "redis+sentinel":
        raise ConfigError(
            "Celery's hints cannot travel over Sentinel with TLS. Set broker_url (PRESSRUN_BROKER_URL) to one Redis "
            "beside it, such as rediss://host:6379/0. It holds nothing that could be lost."
        )
    credentials, at, hosts = place.rpartition("@")
    url = ";".join(f"sentinel://{credentials}{at}{_with_port(host)}/{database}" for host in hosts.split(","))
    login = {key: options[f"sentinel_{key}"] for key in ("username", "password") if f"sentinel_{key}" in options}
    return Broker(url, {"master_name": name, "sentinel_kwargs": {"socket_timeout": 2.0, **login}})


def _with_port(host: str) -> str:
    return host if ":" in host else f"{host}:26379"
