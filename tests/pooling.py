"""A real PgBouncer in transaction mode, before the PostgreSQL of the tests.

Debian's package, where it is installed (``apt-get install pgbouncer``); tests are skipped, saying
so, elsewhere.
"""

from __future__ import annotations

import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from postgres import server_url

_SETTINGS = """\
[databases]
* = {where}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


@functools.cache
def bouncer_url() -> str:
    """The URL of the pooler; it is started at the first call, and ends with this process."""
    from psycopg.conninfo import conninfo_to_dict

    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed; on Debian: apt-get install pgbouncer")
    parts = {key: str(value) for key, value in conninfo_to_dict(server_url()).items()}
    where = " ".join(f"{key}={parts[key]}" for key in ("host", "port", "user") if parts.get(key))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="vpb-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(_SETTINGS.format(where=where, port=port))
    folder.chmod(0o755)
    host = Path(parts.get("host", ""))
    _start(program, settings, host.owner() if host.is_dir() else "nobody")
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                name = parts.get("dbname", "postgres")
                return f"postgresql://{parts.get('user', 'postgres')}@127.0.0.1:{port}/{name}"
        time.sleep(0.05)
    pytest.skip("pgbouncer does not start here")


def _start(program: str, settings: Path, user: str) -> Any:
    import atexit

    command = [program, "-q", str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        command = [program, "-q", "-u", user, str(settings)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(started.terminate)
    return started
