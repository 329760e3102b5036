"""Who asks: the fake's answers about Apps, installations and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from forge.answers import Answer
from forge.shapes import app, installation, installation_token, user


class Identity:
    """Routes of the fake. `me` is the login of whoever asks."""

    me: str
    now: datetime

    def _users_get_authenticated(self, *_: Any) -> Answer:
        if self.me.endswith("[bot]"):
            return Answer(403, {"message": "Resource not accessible by integration"})
        counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
        about = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
        when = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
        return Answer(200, {**user(self.me), **about, **counts, **when})

    def _apps_get_authenticated(self, *_: Any) -> Answer:
        return Answer(200, app(self.me.removesuffix("[bot]"), self.now))

    def _apps_get_repo_installation(self, *_: Any) -> Answer:
        return Answer(200, installation(self.me.removesuffix("[bot]"), self.now))

    def _apps_create_installation_access_token(self, *_: Any) -> Answer:
        return Answer(201, installation_token(self.now + timedelta(hours=1)))
