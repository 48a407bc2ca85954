"""A time-stamping authority: OpenSSL's, behind a small real server, with a root and an issuer of
its own.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.attestor_servers import Asked, Reply

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/chain.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@dataclass(kw_only=True)
class Authority:
    """Stamps whatever it is sent; `chain` says whether its tokens carry the issuer's certificate
    too.
    """

    folder: Path
    chain: bool = True
    asked: list[Asked] = field(default_factory=list)
    roots: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        root = _certificate("Root of the authority", None, authority=True)
        between = _certificate("Issuer of the authority", root, authority=True)
        # A token's certificates stand in the order signer, issuer. DER wants them sorted; make sure
        # that they are not.
        while True:
            signer = _certificate("Time stamps of the authority", between, authority=False)
            if not self.chain or _der(signer[0]).ljust(2000, b"\0") > _der(between[0]).ljust(
                2000, b"\0"
            ):
                break
            between = _certificate("Issuer of the authority", root, authority=True)
        self.roots = self._write(
            "root.pem", _pem(root[0]) + (b"" if self.chain else _pem(between[0]))
        )
        self._write("chain.pem", _pem(between[0]) if self.chain else _pem(signer[0]))
        self._write("tsa.pem", _pem(signer[0]))
        self._write(
            "tsa.key",
            signer[1].private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        self._write("serial", b"01\n")
        self._write("tsa.cnf", CONFIG.format(folder=self.folder).encode())

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        assert asked.headers["content-type"] == "application/timestamp-query"
        return Reply(
            status=200,
            body=self.stamp(asked.body),
            headers={"Content-Type": "application/timestamp-reply"},
        )

    def stamp(self, query: bytes) -> bytes:
        self._write("query.tsq", query)
        command = [
            "openssl",
            "ts",
            "-reply",
            "-config",
            f"{self.folder}/tsa.cnf",
            "-queryfile",
            "query.tsq",
        ]
        subprocess.run(
            [*command, "-out", "reply.tsr"], cwd=self.folder, check=True, capture_output=True
        )
        return (self.folder / "reply.tsr").read_bytes()

    def verifies(self, response: bytes, data: bytes) -> bool:
        """Ask OpenSSL, as an auditor would who has nothing of ours."""
        self._write("kept.tsr", response)
        self._write("data", data)
        command = [
            "openssl",
            "ts",
            "-verify",
            "-data",
            "data",
            "-in",
            "kept.tsr",
            "-CAfile",
            str(self.roots),
        ]
        done = subprocess.run(command, cwd=self.folder, check=False, capture_output=True)
        return done.returncode == 0

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def _certificate(name: str, issuer: Issuer | None, *, authority: bool) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
