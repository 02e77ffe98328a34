"""What a cluster's dashboard says, with this machine's token or with none."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from sweeper.execution import cluster
from sweeper.execution.knock import Heard

DENIED = (401, 403)


def look(url: str, with_token: bool = True) -> Heard:
    """Ask the dashboard at `url` for its version; `answered` where it takes orders from us."""
    request = urllib.request.Request(f"{url.rstrip('/')}/api/version")
    for name, value in _headers().items() if with_token else ():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=cluster.KNOCK) as response:
            return Heard(ray=str(json.load(response)["ray_version"]))
    except urllib.error.HTTPError as error:
        return Heard(said=str(error), denied=error.code in DENIED)
    except urllib.error.URLError as error:
        return Heard(said=str(getattr(error.reason, "strerror", None) or error.reason))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Heard(said=f"no Ray dashboard: {cluster.said(error)}")


def _headers() -> dict[str, str]:
    cluster.quiet()
    from ray._private.authentication.http_token_authentication import (
        get_auth_headers_if_auth_enabled,
    )

    return dict(get_auth_headers_if_auth_enabled({}))
