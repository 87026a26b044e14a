"""What a client answers to the nonce of a server, for the two plugins that accounts of the tests use."""

import base64
import hashlib
import os

from .codec import Reader

NONCE_BYTES = 20


def native_answer(password: bytes, nonce: bytes) -> bytes:
    if not password:
        return b""
    once = hashlib.sha1(password).digest()
    twice = hashlib.sha1(once).digest()
    return _xor(once, hashlib.sha1(nonce + twice).digest())


def sha2_answer(password: bytes, nonce: bytes) -> bytes:
    if not password:
        return b""
    once = hashlib.sha256(password).digest()
    twice = hashlib.sha256(once).digest()
    return _xor(once, hashlib.sha256(twice + nonce).digest())


def answer(plugin: bytes, password: bytes, nonce: bytes) -> bytes:
    if plugin == b"caching_sha2_password":
        return sha2_answer(password, nonce)
    if plugin == b"mysql_clear_password":
        return password + b"\0"
    return native_answer(password, nonce)


def rsa_block(public_key_pem: bytes, password: bytes, nonce: bytes) -> bytes:
    """The password as caching_sha2_password sends it over plain TCP: masked with the nonce, then RSAES-OAEP with SHA-1."""
    modulus, exponent = _rsa_public_key(public_key_pem)
    clear = password + b"\0"
    masked = bytes(byte ^ nonce[index % NONCE_BYTES] for index, byte in enumerate(clear))
    size = (modulus.bit_length() + 7) // 8
    return pow(int.from_bytes(_oaep(masked, size), "big"), exponent, modulus).to_bytes(size, "big")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right))


def _oaep(message: bytes, size: int) -> bytes:
    digest_size = hashlib.sha1().digest_size
    block = hashlib.sha1(b"").digest() + b"\0" * (size - len(message) - 2 * digest_size - 2) + b"\1" + message
    seed = os.urandom(digest_size)
    masked_block = _xor(block, _mgf1(seed, len(block)))
    masked_seed = _xor(seed, _mgf1(masked_block, digest_size))
    return b"\0" + masked_seed + masked_block


def _mgf1(seed: bytes, size: int) -> bytes:
    mask = b""
    counter = 0
    while len(mask) < size:
        mask += hashlib.sha1(seed + counter.to_bytes(4, "big")).digest()
        counter += 1
    return mask[:size]


def _rsa_public_key(pem: bytes) -> tuple[int, int]:
    """Modulus and exponent out of a SubjectPublicKeyInfo: SEQUENCE { algorithm, BIT STRING { SEQUENCE { n, e } } }."""
    der = base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))
    info = Reader(_element(Reader(der)))
    _element(info)
    key = Reader(_element(Reader(_element(info)[1:])))
    return int.from_bytes(_element(key), "big"), int.from_bytes(_element(key), "big")


def _element(reader: Reader) -> bytes:
    """The content of the next DER element, whatever its tag."""
    reader.integer(1)
    size = reader.integer(1)
    if size & 0x80:
        size = int.from_bytes(reader.take(size & 0x7F), "big")
    return reader.take(size)
