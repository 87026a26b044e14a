#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::mysql {

/// A payload of exactly this many bytes is followed by a continuation packet.
inline constexpr std::uint32_t kMaxPayload = 0xFFFFFF;
inline constexpr std::size_t kHeaderBytes = 4;
/// The longest message that a server puts into an ERR packet (MYSQL_ERRMSG_SIZE).
inline constexpr std::size_t kErrorTextMax = 512;

/// First byte of a command packet.
enum class Command : std::uint8_t {
  COM_SLEEP = 0x00,
  COM_QUIT = 0x01,
  COM_INIT_DB = 0x02,
  COM_QUERY = 0x03,
  COM_FIELD_LIST = 0x04,
  COM_CREATE_DB = 0x05,
  COM_DROP_DB = 0x06,
  COM_REFRESH = 0x07,
  COM_SHUTDOWN = 0x08,
  COM_STATISTICS = 0x09,
  COM_PROCESS_INFO = 0x0A,
  COM_CONNECT = 0x0B,
  COM_PROCESS_KILL = 0x0C,
  COM_DEBUG = 0x0D,
  COM_PING = 0x0E,
  COM_TIME = 0x0F,
  COM_DELAYED_INSERT = 0x10,
  COM_CHANGE_USER = 0x11,
  COM_BINLOG_DUMP = 0x12,
  COM_TABLE_DUMP = 0x13,
  COM_CONNECT_OUT = 0x14,
  COM_REGISTER_SLAVE = 0x15,
  COM_STMT_PREPARE = 0x16,
  COM_STMT_EXECUTE = 0x17,
  COM_STMT_SEND_LONG_DATA = 0x18,
  COM_STMT_CLOSE = 0x19,
  COM_STMT_RESET = 0x1A,
  COM_SET_OPTION = 0x1B,
  COM_STMT_FETCH = 0x1C,
  COM_DAEMON = 0x1D,
  COM_BINLOG_DUMP_GTID = 0x1E,
  COM_RESET_CONNECTION = 0x1F,
  COM_CLONE = 0x20,
  COM_SUBSCRIBE_GROUP_REPLICATION_STREAM = 0x21,
  COM_STMT_BULK_EXECUTE = 0xFA,  ///< MariaDB
};

/// Capability flags. A client and a server each state theirs; the flags in both are in force.
namespace Capability {
inline constexpr std::uint32_t CLIENT_LONG_PASSWORD = 1u << 0;
inline constexpr std::uint32_t CLIENT_FOUND_ROWS = 1u << 1;
inline constexpr std::uint32_t CLIENT_LONG_FLAG = 1u << 2;
inline constexpr std::uint32_t CLIENT_CONNECT_WITH_DB = 1u << 3;
inline constexpr std::uint32_t CLIENT_NO_SCHEMA = 1u << 4;
inline constexpr std::uint32_t CLIENT_COMPRESS = 1u << 5;
inline constexpr std::uint32_t CLIENT_ODBC = 1u << 6;
inline constexpr std::uint32_t CLIENT_LOCAL_FILES = 1u << 7;
inline constexpr std::uint32_t CLIENT_IGNORE_SPACE = 1u << 8;
inline constexpr std::uint32_t CLIENT_PROTOCOL_41 = 1u << 9;
inline constexpr std::uint32_t CLIENT_INTERACTIVE = 1u << 10;
inline constexpr std::uint32_t CLIENT_SSL = 1u << 11;
inline constexpr std::uint32_t CLIENT_IGNORE_SIGPIPE = 1u << 12;
inline constexpr std::uint32_t CLIENT_TRANSACTIONS = 1u << 13;
inline constexpr std::uint32_t CLIENT_RESERVED = 1u << 14;
inline constexpr std::uint32_t CLIENT_SECURE_CONNECTION = 1u << 15;
inline constexpr std::uint32_t CLIENT_MULTI_STATEMENTS = 1u << 16;
inline constexpr std::uint32_t CLIENT_MULTI_RESULTS = 1u << 17;
inline constexpr std::uint32_t CLIENT_PS_MULTI_RESULTS = 1u << 18;
inline constexpr std::uint32_t CLIENT_PLUGIN_AUTH = 1u << 19;
inline constexpr std::uint32_t CLIENT_CONNECT_ATTRS = 1u << 20;
inline constexpr std::uint32_t CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA = 1u << 21;
inline constexpr std::uint32_t CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS = 1u << 22;
inline constexpr std::uint32_t CLIENT_SESSION_TRACK = 1u << 23;
inline constexpr std::uint32_t CLIENT_DEPRECATE_EOF = 1u << 24;
inline constexpr std::uint32_t CLIENT_OPTIONAL_RESULTSET_METADATA = 1u << 25;
inline constexpr std::uint32_t CLIENT_ZSTD_COMPRESSION_ALGORITHM = 1u << 26;
inline constexpr std::uint32_t CLIENT_QUERY_ATTRIBUTES = 1u << 27;
inline constexpr std::uint32_t MULTI_FACTOR_AUTHENTICATION = 1u << 28;
inline constexpr std::uint32_t CLIENT_CAPABILITY_EXTENSION = 1u << 29;
inline constexpr std::uint32_t CLIENT_SSL_VERIFY_SERVER_CERT = 1u << 30;
inline constexpr std::uint32_t CLIENT_REMEMBER_OPTIONS = 1u << 31;
}  // namespace Capability

/// MariaDB's flags beyond 32 bits, as they stand in the handshake's four extra bytes. lockstep negotiates
/// none of them: they would change packets that it reads.
namespace MariaDbCapability {
inline constexpr std::uint32_t MARIADB_CLIENT_PROGRESS = 1u << 0;
inline constexpr std::uint32_t MARIADB_CLIENT_COM_MULTI = 1u << 1;
inline constexpr std::uint32_t MARIADB_CLIENT_STMT_BULK_OPERATIONS = 1u << 2;
inline constexpr std::uint32_t MARIADB_CLIENT_EXTENDED_METADATA = 1u << 3;
inline constexpr std::uint32_t MARIADB_CLIENT_CACHE_METADATA = 1u << 4;
inline constexpr std::uint32_t MARIADB_CLIENT_BULK_UNIT_RESULTS = 1u << 5;
}  // namespace MariaDbCapability

/// Status flags of OK and EOF packets.
namespace ServerStatus {
inline constexpr std::uint16_t SERVER_STATUS_IN_TRANS = 0x0001;
inline constexpr std::uint16_t SERVER_STATUS_AUTOCOMMIT = 0x0002;
inline constexpr std::uint16_t SERVER_MORE_RESULTS_EXISTS = 0x0008;
inline constexpr std::uint16_t SERVER_QUERY_NO_GOOD_INDEX_USED = 0x0010;
inline constexpr std::uint16_t SERVER_QUERY_NO_INDEX_USED = 0x0020;
inline constexpr std::uint16_t SERVER_STATUS_CURSOR_EXISTS = 0x0040;
inline constexpr std::uint16_t SERVER_STATUS_LAST_ROW_SENT = 0x0080;
inline constexpr std::uint16_t SERVER_STATUS_DB_DROPPED = 0x0100;
inline constexpr std::uint16_t SERVER_STATUS_NO_BACKSLASH_ESCAPES = 0x0200;
inline constexpr std::uint16_t SERVER_STATUS_METADATA_CHANGED = 0x0400;
inline constexpr std::uint16_t SERVER_QUERY_WAS_SLOW = 0x0800;
inline constexpr std::uint16_t SERVER_PS_OUT_PARAMS = 0x1000;
inline constexpr std::uint16_t SERVER_STATUS_IN_TRANS_READONLY = 0x2000;
inline constexpr std::uint16_t SERVER_SESSION_STATE_CHANGED = 0x4000;
inline constexpr std::uint16_t SERVER_STATUS_ANSI_QUOTES = 0x8000;  ///< MariaDB
}  // namespace ServerStatus

/// Types of columns and of prepared-statement parameters.
enum class FieldType : std::uint8_t {
  MYSQL_TYPE_DECIMAL = 0,
  MYSQL_TYPE_TINY = 1,
  MYSQL_TYPE_SHORT = 2,
  MYSQL_TYPE_LONG = 3,
  MYSQL_TYPE_FLOAT = 4,
  MYSQL_TYPE_DOUBLE = 5,
  MYSQL_TYPE_NULL = 6,
  MYSQL_TYPE_TIMESTAMP = 7,
  MYSQL_TYPE_LONGLONG = 8,
  MYSQL_TYPE_INT24 = 9,
  MYSQL_TYPE_DATE = 10,
  MYSQL_TYPE_TIME = 11,
  MYSQL_TYPE_DATETIME = 12,
  MYSQL_TYPE_YEAR = 13,
  MYSQL_TYPE_VARCHAR = 15,
  MYSQL_TYPE_BIT = 16,
  MYSQL_TYPE_VECTOR = 242,
  MYSQL_TYPE_JSON = 245,
  MYSQL_TYPE_NEWDECIMAL = 246,
  MYSQL_TYPE_ENUM = 247,
  MYSQL_TYPE_SET = 248,
  MYSQL_TYPE_TINY_BLOB = 249,
  MYSQL_TYPE_MEDIUM_BLOB = 250,
  MYSQL_TYPE_LONG_BLOB = 251,
  MYSQL_TYPE_BLOB = 252,
  MYSQL_TYPE_VAR_STRING = 253,
  MYSQL_TYPE_STRING = 254,
  MYSQL_TYPE_GEOMETRY = 255,
};

/// First bytes that tell reply packets apart.
namespace ReplyByte {
inline constexpr std::uint8_t kOk = 0x00;
inline constexpr std::uint8_t kAuthMoreData = 0x01;
inline constexpr std::uint8_t kAuthNextFactor = 0x02;
inline constexpr std::uint8_t kLocalInfile = 0xFB;
inline constexpr std::uint8_t kEof = 0xFE;  ///< EOF, OK at the end of a resultset, or AuthSwitchRequest
inline constexpr std::uint8_t kErr = 0xFF;
}  // namespace ReplyByte

}  // namespace lockstep::mysql
