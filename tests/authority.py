"""An authority of the tests' own, which signs certificates as they need them; by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"


@dataclass(frozen=True)
class Authority:
    """One authority.

    Attributes:
        folder: Where all lies.
        name: What it is called.
    """

    folder: Path
    name: str = "authority"

    def __post_init__(self) -> None:
        self._openssl(f"req -x509 {KEY} -keyout {self.name}.key -out {self.name}.pem -subj /CN={self.name}")

    @property
    def pem(self) -> Path:
        """Its own certificate."""
        return self.folder / f"{self.name}.pem"

    def sign(self, name: str, names: str = "DNS:localhost,IP:127.0.0.1", to: str = "") -> tuple[Path, Path]:
        """A certificate of `name` with these alternative names, and its key; as the files `to`."""
        cert, key = self.folder / f"{to or name}.pem", self.folder / f"{to or name}.key"
        made = self.folder / f"{name}.made"
        more = f"-addext subjectAltName={names} -addext basicConstraints=CA:FALSE"
        signed = f"-CA {self.name}.pem -CAkey {self.name}.key {more}"
        self._openssl(f"req -x509 {KEY} {signed} -keyout {made}.key -out {made}.pem -subj /CN={name}")
        Path(f"{made}.key").replace(key)  # the key first: for a moment the two do not fit, as with an operator
        Path(f"{made}.pem").replace(cert)
        return cert, key

    def _openssl(self, command: str) -> None:
        subprocess.run(["openssl", *command.split()], cwd=self.folder, check=True, capture_output=True)
