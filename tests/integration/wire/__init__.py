"""A client of the MySQL protocol for tests: it hides nothing of what the peer sent."""

from .codec import Capability, Command, Status
from .connection import BASE, MODERN, Connection, LoginError
from .describe import describe
from .reply import Packet, Reply, Role, Shape
from .statement import Parameter, Statement, parameter

__all__ = [
    "BASE",
    "MODERN",
    "Capability",
    "Command",
    "Connection",
    "LoginError",
    "Packet",
    "Parameter",
    "Reply",
    "Role",
    "Shape",
    "Statement",
    "Status",
    "describe",
    "parameter",
]
