#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The little of the MySQL wire that the canned server and the load generator share. It is written apart from
/// src/mysql on purpose: a yardstick built from the code it measures would share its mistakes.
namespace lockstep::perf {

enum Capability : std::uint32_t {
  CLIENT_LONG_PASSWORD = 1U << 0,
  CLIENT_FOUND_ROWS = 1U << 1,
  CLIENT_LONG_FLAG = 1U << 2,
  CLIENT_CONNECT_WITH_DB = 1U << 3,
  CLIENT_PROTOCOL_41 = 1U << 9,
  CLIENT_TRANSACTIONS = 1U << 13,
  CLIENT_SECURE_CONNECTION = 1U << 15,
  CLIENT_MULTI_STATEMENTS = 1U << 16,
  CLIENT_MULTI_RESULTS = 1U << 17,
  CLIENT_PS_MULTI_RESULTS = 1U << 18,
  CLIENT_PLUGIN_AUTH = 1U << 19,
  CLIENT_CONNECT_ATTRS = 1U << 20,
  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA = 1U << 21,
  CLIENT_SESSION_TRACK = 1U << 23,
  CLIENT_DEPRECATE_EOF = 1U << 24,
};

enum ServerStatus : std::uint16_t {
  SERVER_STATUS_IN_TRANS = 0x0001,
  SERVER_STATUS_AUTOCOMMIT = 0x0002,
  SERVER_MORE_RESULTS_EXISTS = 0x0008,
  SERVER_SESSION_STATE_CHANGED = 0x4000,
};

enum class Command : std::uint8_t {
  COM_QUIT = 0x01,
  COM_INIT_DB = 0x02,
  COM_QUERY = 0x03,
  COM_PING = 0x0E,
  COM_CHANGE_USER = 0x11,
  COM_STMT_PREPARE = 0x16,
  COM_STMT_EXECUTE = 0x17,
  COM_STMT_CLOSE = 0x19,
  COM_STMT_RESET = 0x1A,
  COM_SET_OPTION = 0x1B,
  COM_RESET_CONNECTION = 0x1F,
};

enum class FieldType : std::uint8_t { LONG = 3, LONGLONG = 8, VAR_STRING = 253, STRING = 254 };

constexpr std::uint8_t kUtf8mb4 = 255;
constexpr std::uint8_t kBinary = 63;
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kPayloadMax = 0xFFFFFF;
constexpr std::string_view kNativePlugin = "mysql_native_password";
constexpr std::string_view kSha2Plugin = "caching_sha2_password";

using Bytes = std::span<const std::uint8_t>;

/// Appends packets to a string that belongs to the caller. A packet is what is put between begin() and end(),
/// or several, where one cannot hold it.
class PacketWriter {
 public:
  PacketWriter(std::string& out, std::uint8_t sequence_id) : out_(out), sequence_id_(sequence_id) {}

  PacketWriter& begin();
  PacketWriter& end();
  PacketWriter& integer(std::uint64_t value, unsigned bytes);
  PacketWriter& lenenc(std::uint64_t value);
  PacketWriter& text(std::string_view bytes);  ///< as it is
  PacketWriter& text_with_nul(std::string_view bytes);
  PacketWriter& lenenc_text(std::string_view bytes);
  std::uint8_t sequence_id() const { return sequence_id_; }
  /// Packets were put behind the string by other means; the next one has this id.
  void go_on_with(std::uint8_t sequence_id) { sequence_id_ = sequence_id; }

 private:
  void split();

  std::string& out_;
  std::size_t start_ = 0;
  std::uint8_t sequence_id_;
};

/// Reads fields from the front of a payload. Past the end it answers zeros and empty texts, and says so in
/// ok().
class PacketReader {
 public:
  explicit PacketReader(Bytes payload) : rest_(payload) {}

  std::uint64_t integer(unsigned bytes);
  std::uint64_t lenenc();
  std::string_view text(std::size_t bytes);
  std::string_view text_to_nul();
  std::string_view lenenc_text() { return text(lenenc()); }
  std::string_view rest() { return text(rest_.size()); }
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

struct PacketHeader {
  std::size_t payload_bytes;
  std::uint8_t sequence_id;
};

/// An ERR packet in words, read from behind its marker: "1045 Access denied".
std::string error_text(PacketReader reader);

/// The header at the front of the bytes, once all four are there.
std::optional<PacketHeader> peek_header(Bytes bytes);

}  // namespace lockstep::perf
