"""A certificate of one's own for HTTPS, which the openssl command makes once for each address."""

from __future__ import annotations

import hashlib
import ipaddress
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zoo.cache import cache_folder, locked
from zoo.errors import RequestError
from zoo.files import whole_folder

_DAYS = 397  # Browsers refuse certificates of servers that are valid for longer.
_WEEK = 7 * 24 * 60 * 60  # Seconds.


@dataclass(frozen=True)
class Certificate:
    """A certificate and its secret key.

    Attributes:
        file: The certificate.
        key: The key, which only this user may read.
    """

    file: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256, as browsers show it."""
        encoded = ssl.PEM_cert_to_DER_cert(self.file.read_text(encoding="ascii"))
        return hashlib.sha256(encoded).digest().hex(":").upper()

    def context(self) -> ssl.SSLContext:
        """Returns how a server speaks HTTPS with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def certificate_for(host: str) -> Certificate:
    """Returns the certificate of an address from the cache, or makes it.

    It is kept, so that a phone which has accepted it once need not be asked again.

    Args:
        host: Name or IP address.

    Raises:
        RequestError: The command openssl is missing, or does not make one.
    """
    name = hashlib.sha256(host.encode()).hexdigest()[:16]
    folder = cache_folder() / "certificates" / name
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    with locked(folder):
        if folder.is_dir() and not _lasts(made.file):
            shutil.rmtree(folder)
        if not folder.is_dir():
            with whole_folder(folder) as unfinished:
                _make(host, unfinished / made.file.name, unfinished / made.key.name)
    return made


def _lasts(file: Path) -> bool:
    """Returns whether a certificate is valid for a week more."""
    asked = ["openssl", "x509", "-in", str(file), "-noout", "-checkend", str(_WEEK)]
    return shutil.which("openssl") is None or _run(asked).returncode == 0


def _make(host: str, file: Path, key: Path) -> None:
    if shutil.which("openssl") is None:
        raise RequestError(
            "HTTPS needs the command openssl, which is not installed; --nohttps goes without, and "
            "then without a live camera"
        )
    key.touch(mode=0o600)
    done = _run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", str(_DAYS), "-subj", "/CN=zoo serve"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", f"subjectAltName={_alternative(host)}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-addext", "extendedKeyUsage=serverAuth"),
            *("-keyout", str(key), "-out", str(file)),
        ]
    )
    if done.returncode:
        reason = (done.stderr.splitlines() or ["no reason given"])[-1]
        raise RequestError(f"openssl makes no certificate for {host}: {reason}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )


def _alternative(host: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"
