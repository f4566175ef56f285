"""Everything that an operator can set, in one place.

Read, the first that has a value wins: environment variables `PRESSRUN_…`, the file `settings.toml` in Pressrun's home
folder, the defaults below. The home folder is `$PRESSRUN_HOME`, else `./.pressrun`. Secrets are made by `pressrun
init` (and by the demo) at first run and kept in `secret.key` there, readable by the owner alone; there is no default
secret.
"""

from __future__ import annotations

import os
import tomllib
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mailer.broker import Broker, broker_of
from mailer.errors import ConfigError
from mailer.quiethours import QuietHours

Port = Annotated[int, Field(ge=0, le=65535)]
Share = Annotated[float, Field(gt=0, le=1)]
Least = Annotated[int, Field(ge=1)]


class RelayTls(StrEnum):
    """How the connection to a relay is protected."""

    NONE = "none"
    """Plain text: for loopback and for relays in the same host or network that the operator trusts."""
    STARTTLS = "starttls"
    """Upgrade before anything is said, with a verified certificate (RFC 3207); fail if it is not offered."""
    IMPLICIT = "implicit"
    """TLS from the first byte, with a verified certificate (RFC 8314)."""
    OPPORTUNISTIC = "opportunistic"
    """STARTTLS where it is offered and works, with any certificate, else plain text (RFC 7435); never a password."""


class RelayProtocol(StrEnum):
    """What is spoken to a relay."""

    SMTP = "smtp"
    """RFC 5321."""
    LMTP = "lmtp"
    """RFC 2033: a relay that keeps no queue, such as Dovecot or Cyrus behind a filter."""


class RelayLogin(StrEnum):
    """How a relay is told who we are (RFC 4954)."""

    BEST = "best"
    """PLAIN where offered, else LOGIN."""
    PLAIN = "plain"
    LOGIN = "login"
    XOAUTH2 = "xoauth2"
    """A bearer token in place of the password, as Google and Microsoft want it."""


class UncertainPolicy(StrEnum):
    """What to do with people whose message was handed over but whose reply was never recorded."""

    RESEND = "resend"
    """Hand over the same message, with the same Message-ID, once more."""
    HOLD = "hold"
    """Leave them as uncertain until evidence arrives or an operator decides."""


class Inliner(StrEnum):
    """What writes CSS into the elements of a mail."""

    PREMAILER = "premailer"
    CSS_INLINE = "css-inline"
    """Faster, and parses as browsers do; not installed by itself: `pip install 'pressrun[css-inline]'`."""


class IpDetail(StrEnum):
    """How much of an IP address is kept as proof of consent."""

    FULL = "full"
    TRUNCATED = "truncated"
    """Only its network: 24 bits of IPv4, 48 of IPv6."""
    NONE = "none"


class Settings(BaseSettings):
    """The operator's settings. Each name is also an environment variable: `redis_url` is `PRESSRUN_REDIS_URL`."""

    model_config = SettingsConfigDict(env_prefix="PRESSRUN_", extra="forbid", frozen=True)

    home: Path = Path(".pressrun")
    """Folder for secrets, logs, the demo's data and its Redis."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """Where people, issues and ledgers live. `redis://`, `rediss://`, `unix:///path/to.sock?db=0`, a primary that
    sentinels watch, `redis+sentinel://host:26379,host:26379/name?db=0`, or a cluster,
    `redis+cluster://host:6379,host:6379`. [operations.md](operations.md) says what each of them wants."""
    redis_replicas: Annotated[int, Field(ge=0, le=5)] = 0
    """How many replicas must have a write, too, before Pressrun answers for it (Redis' WAIT); less is as if Redis were
    away. Of a cluster's shard not more than it has that are up."""
    broker_url: str = ""
    """Where Celery's hints travel: one Redis, or `redis+sentinel://…`. Empty: the same Redis, database 1. Needed where
    `redis_url` is a cluster, which Celery does not know."""

    public_url: str = "http://127.0.0.1:8025"
    """The address under which subscribers reach this Pressrun; links in mail begin with it. No slash at the end."""
    web_host: str = "127.0.0.1"
    """Address that the web process listens on."""
    web_port: Port = 8025
    """Port that the web process listens on."""

    fetch_from: str = ""
    """Hosts of your own network, as `host:port` parted by commas, whose feeds, links and images may be looked at. All
    other private addresses are refused."""

    inliner: Inliner = Inliner.PREMAILER
    """What writes CSS into the elements of a mail: `premailer`, or `css-inline`, which is faster and must be installed
    (`pip install 'pressrun[css-inline]'`). Mails look the same; their bytes differ."""

    spam_filter: str = ""
    """A spam filter to ask about an issue before it is sent: `spamd://host:783`, `http://host:11333` (Rspamd), or
    `spamassassin`, the program on this machine. Empty: none."""

    relay_host: str = "127.0.0.1"
    """The SMTP server that mail is handed to."""
    relay_port: Port = 8026
    """Its port."""
    relay_tls: RelayTls = RelayTls.NONE
    """`none`, `starttls` or `implicit`, which verify certificates; or `opportunistic`, which does not."""
    relay_protocol: RelayProtocol = RelayProtocol.SMTP
    """`smtp` or `lmtp`."""
    relay_login: RelayLogin = RelayLogin.BEST
    """`best` (PLAIN, else LOGIN), `plain`, `login` or `xoauth2` (the password is a bearer token)."""
    relay_username: str = ""
    """User name for AUTH; empty: no authentication."""
    relay_password: SecretStr = SecretStr("")
    """Password for AUTH."""
    relay_password_file: str = ""
    """A file that holds the password or token, read for each new connection; whoever renews it writes it there."""
    relay_connections: Annotated[int, Field(ge=1, le=500)] = 4
    """Connections that one worker process keeps to the relay."""
    relay_timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long a relay may take for one step; for the final dot, ten times this (RFC 5321 §4.5.3.2 allows minutes)."""
    destination_groups: dict[str, list[str]] = {
        "google": ["gmail.com", "googlemail.com"],
        "microsoft": ["outlook.*", "hotmail.*", "live.*", "msn.com", "*.outlook.com"],
        "yahoo": ["yahoo.*", "ymail.com", "rocketmail.com", "aol.com"],
        "apple": ["icloud.com", "me.com", "mac.com"],
    }
    """Domains that are one destination, by patterns; every other domain is one of its own."""
    destination_at_once: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Messages that one worker process hands over to a destination at the same time: `{"microsoft": 20}`."""
    destination_per_second: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Messages that all workers together hand over to a destination in any second: `{"microsoft": 50}`."""
    hello_name: str = ""
    """Name said in EHLO; empty: this machine's own (RFC 5321 §4.1.1.1)."""

    dns_server: str = ""
    """Who is asked about DNS records, as `address` or `address:port`; empty: this machine's resolvers."""

    inbound_host: str = "127.0.0.1"
    """Address that the listener for bounces and complaints listens on."""
    inbound_port: Port = 8027
    """Its port."""

    inbox_host: str = "127.0.0.1"
    """Address of the demo's catch-all inbox."""
    inbox_port: Port = 8026
    """Its SMTP port."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    """People in one batch, at most."""
    window_size: Annotated[int, Field(ge=1, le=1_000)] = 100
    """People claimed at a time, at least: up to ten times as many where the wire is fast and the policy is `resend`."""
    shift_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """How long one Celery task goes on taking due batches."""
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 15.0
    """How long a batch stays with a worker that has fallen silent."""
    retry_delays_seconds: tuple[float, ...] = (60, 300, 900, 1800, 3600, 7200, 14400)
    """How long deferred people wait before the next try; the last one repeats."""
    give_up_after_seconds: Annotated[float, Field(gt=0)] = 48 * 3600.0
    """When deferred people are given up as refused. Postfix keeps mail for 5 days, Exim for 4; news is stale sooner."""
    consent_ip: IpDetail = IpDetail.TRUNCATED
    """How much of the IP address a form was sent from is kept as proof of consent: `full`, `truncated` or `none`."""
    bounce_reports_needed: Annotated[int, Field(ge=1, le=10)] = 1
    """Reports of a dead address, of different mailings and days, that suppress it. One refusal in session does."""
    bounce_report_age_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Reports about a mailing that ended longer ago change nothing."""
    bounce_memory_days: Annotated[int, Field(ge=31, le=365)] = 90
    """After this long a bounce no longer counts."""
    mailbox_full_needed: Annotated[int, Field(ge=1, le=20)] = 3
    """Bounces of a full mailbox, of different mailings and days, that give it a rest."""
    mailbox_full_days: Annotated[int, Field(ge=0, le=90)] = 30
    """Days that lie between the first and the last of them at least."""
    mailbox_full_rest_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long a full mailbox is not mailed then."""
    worker_processes: Annotated[int, Field(ge=1, le=64)] = 2
    """Processes of one `pressrun worker`."""
    uncertain_policy: UncertainPolicy = UncertainPolicy.RESEND
    """`resend` or `hold`; each mailing can say otherwise."""
    undo_seconds: Annotated[float, Field(ge=0, le=600)] = 60.0
    """How long a mailing asked for in the admin pages waits before its first byte leaves, so that it can be undone."""
    confirm_from_people: Least = 1_000
    """From so many people on, a mailing must be meant: the pages want their number typed, commands a yes (`--yes`)."""
    quiet_hours: str = ""
    """Hours of each day at which no mailing hands anything over, by the clock of a zone: `22:00-07:00 Europe/Berlin`.
    Mail to single people, such as confirmations, goes on. Newsletters can have their own. Empty: none."""
    quality_breaker: bool = True
    """Whether a mailing that is received badly pauses by itself; the limits are below, each a warning and a pause."""
    breaker_hour_least: tuple[Least, Least] = (200, 5)
    """The last hour says something from so many people and so many events on."""
    breaker_hour_bounces: tuple[Share, Share] = (0.05, 0.10)
    """Of the people tried within an hour, those without a mailbox."""
    breaker_hour_complaints: tuple[Share, Share] = (0.005, 0.01)
    """Of those accepted within an hour, those who called it spam."""
    breaker_hour_blocks: tuple[Share, Share] = (0.05, 0.10)
    """Of the people tried within an hour, those refused because of us, our content or our host."""
    breaker_hour_deferrals: tuple[Share, Share] = (0.3, 0.6)
    """Of the people tried within an hour, those who are put off."""
    breaker_day_least: tuple[Least, Least] = (1000, 10)
    """The last 24 hours say something from so many people and so many events on."""
    breaker_day_bounces: tuple[Share, Share] = (0.025, 0.05)
    """As above, within 24 hours."""
    breaker_day_complaints: tuple[Share, Share] = (0.0015, 0.003)
    """As above, within 24 hours; Gmail and Yahoo ask senders to stay below 0.3 %."""
    breaker_day_blocks: tuple[Share, Share] = (0.025, 0.05)
    """As above, within 24 hours."""
    breaker_day_deferrals: tuple[Share, Share] = (0.2, 0.4)
    """As above, within 24 hours."""
    approval_needed: bool = False
    """Whether a second person must approve the exact edition of every mailing before it is scheduled."""

    @property
    def themes_folder(self) -> Path:
        """Where themes of the operator's own stand."""
        return self.home / "themes"

    @property
    def fetch_allowed(self) -> frozenset[tuple[str, int]]:
        """The hosts and ports of `fetch_from`. Raises ConfigError for what is neither."""
        allowed = set()
        for one in filter(None, (part.strip() for part in self.fetch_from.split(","))):
            host, _, port = one.rpartition(":")
            if not host or not port.isdecimal():
                raise ConfigError(f"fetch_from: “{one}” is no host and port, such as intranet.example.com:443.")
            allowed.add((host.strip("[]"), int(port)))
        return frozenset(allowed)

    @property
    def quiet(self) -> QuietHours | None:
        """The quiet hours; None if there are none. Raises ConfigError for what cannot be read."""
        return QuietHours.read(self.quiet_hours)

    @property
    def broker(self) -> Broker:
        """Where Celery's hints travel. Raises ConfigError where that cannot be."""
        return broker_of(self.redis_url, self.broker_url)

    def secret(self) -> bytes:
        """Return the installation's secret, from `PRESSRUN_SECRET` or the home folder.

        Raises ConfigError where none was made yet: tokens signed with a made-up key would break every link on restart.
        """
        text = os.environ.get("PRESSRUN_SECRET", "")
        file = self.home / "secret.key"
        if not text and file.is_file():
            text = file.read_text().strip()
        if len(text) < 32:
            raise ConfigError(
                f"There is no secret in {file}, nor in PRESSRUN_SECRET (32 characters at least). "
                "Run `pressrun init` to make one."
            )
        return text.encode()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the home folder's TOML file below the environment."""
        file = home_folder() / "settings.toml"
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file))


def home_folder() -> Path:
    """Return Pressrun's home folder, which need not exist yet."""
    return Path(os.environ.get("PRESSRUN_HOME") or ".pressrun").absolute()


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over environment and file.

    Raises ConfigError that names each wrong setting.
    """
    overrides.setdefault("home", home_folder())
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg'].lower()}" for one in error.errors()
        )
        raise ConfigError(f"The settings cannot be used: {wrong}. See docs/settings.md.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{home_folder() / 'settings.toml'} is no TOML: {error}. Mend that place.") from error
    # A broker that cannot be, or hours that no day has, are found now, and not when they are needed.
    _ = settings.broker, settings.quiet
    if settings.inliner is Inliner.CSS_INLINE and not find_spec("css_inline"):
        raise ConfigError(
            "The setting inliner is css-inline, which is not installed: run `pip install 'pressrun[css-inline]'`, or "
            "set it to premailer."
        )
    return settings
