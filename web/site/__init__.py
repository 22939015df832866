"""The public site: one published folder over HTTP, and the form of those who report a problem."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What `qingshan site` was asked for; what each means stands with its option."""

    folder: str
    host: str
    port: int
    user: str
    lang: str
    inbox: str | None = None
    unconfined: bool = False
    tianditu: bool = False
    as_json: bool = False
