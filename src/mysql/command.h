#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// The parts of a COM_QUERY payload (command byte included). With CLIENT_QUERY_ATTRIBUTES in force there is
/// always a header between the command byte and the text.
struct QueryCommand {
  std::size_t text_offset = 1;  ///< in the payload
  std::string_view text;
  Bytes attributes;  ///< the whole header, counts included; empty without CLIENT_QUERY_ATTRIBUTES
  std::uint64_t attribute_count = 0;

  static Result<QueryCommand> parse(Bytes payload, std::uint32_t capabilities);
};

/// The fixed fields at the head of COM_STMT_EXECUTE.
struct ExecuteCommand {
  static constexpr std::uint8_t CURSOR_TYPE_READ_ONLY = 1;
  static constexpr std::uint8_t CURSOR_TYPE_FOR_UPDATE = 2;
  static constexpr std::uint8_t CURSOR_TYPE_SCROLLABLE = 4;
  static constexpr std::uint8_t PARAMETER_COUNT_AVAILABLE = 8;

  std::uint32_t statement_id = 0;
  std::uint8_t flags = 0;
  Bytes parameters;  ///< everything after the fixed fields

  static Result<ExecuteCommand> parse(Bytes payload);
  bool opens_cursor() const {
    return (flags & (CURSOR_TYPE_READ_ONLY | CURSOR_TYPE_FOR_UPDATE | CURSOR_TYPE_SCROLLABLE)) != 0;
  }
};

/// Where the parameter types lie in an execution's parameters: a server session keeps the types of the last
/// execution that bound any, so one that lacks them must be given them.
struct ExecuteTypes {
  std::uint64_t parameter_count = 0;
  bool types_bound = false;
  std::size_t flag_offset = 0;  ///< of the new_params_bound byte in ExecuteCommand::parameters
  Bytes types;  ///< the types (and names, with CLIENT_QUERY_ATTRIBUTES); empty unless types_bound

  /// `statement_parameters` is the number that PREPARE reported.
  static Result<ExecuteTypes> parse(const ExecuteCommand& execute, std::uint16_t statement_parameters,
                                    std::uint32_t capabilities);
};

/// The first parameter of an execution, if it is a text and not sent apart. `known_types` are those that
/// count when the execution binds none.
std::optional<std::string_view> first_text_parameter(const ExecuteCommand& execute,
                                                     std::uint16_t statement_parameters, Bytes known_types,
                                                     std::uint32_t capabilities);

/// What COM_STMT_PREPARE answers first.
struct PrepareOk {
  std::uint32_t statement_id = 0;
  std::uint16_t columns = 0;
  std::uint16_t parameters = 0;
  std::uint16_t warnings = 0;
  bool has_definitions = true;  ///< false when optional metadata is off for the session

  static Result<PrepareOk> parse(Bytes payload);
};

/// COM_STMT_EXECUTE, _FETCH, _RESET, _CLOSE, _SEND_LONG_DATA and _BULK_EXECUTE all have the statement id
/// right behind the command byte, and a PREPARE reply has it right behind its 00.
Result<std::uint32_t> statement_id(Bytes payload);
/// Replaces it in place; false when the payload is too short.
bool set_statement_id(MutableBytes payload, std::uint32_t id);

/// Whole command packets with sequence id 0.
void encode_command(PacketWriter& writer, Command command);
void encode_query(PacketWriter& writer, std::string_view text, std::uint32_t capabilities);
void encode_init_db(PacketWriter& writer, std::string_view database);
void encode_prepare(PacketWriter& writer, std::string_view text);
void encode_statement_close(PacketWriter& writer, std::uint32_t statement_id);

}  // namespace lockstep::mysql
