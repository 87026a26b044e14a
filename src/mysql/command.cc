#include "mysql/command.h"

#include <cstring>

namespace lockstep::mysql {
namespace {

using namespace Capability;

constexpr std::size_t kStatementIdOffset = 1;
constexpr std::size_t kStatementIdBytes = 4;

bool is_text(std::uint16_t type) {
  switch (static_cast<FieldType>(type & 0xFF)) {
    case FieldType::MYSQL_TYPE_VARCHAR:
    case FieldType::MYSQL_TYPE_TINY_BLOB:
    case FieldType::MYSQL_TYPE_MEDIUM_BLOB:
    case FieldType::MYSQL_TYPE_LONG_BLOB:
    case FieldType::MYSQL_TYPE_BLOB:
    case FieldType::MYSQL_TYPE_VAR_STRING:
    case FieldType::MYSQL_TYPE_STRING: return true;
    default: return false;
  }
}

PacketWriter& begin(PacketWriter& writer, Command command) {
  return writer.begin(0).u8(static_cast<std::uint8_t>(command));
}

/// Passes one value of a binary parameter of `type`, as MySQL reads them: fixed widths for the numbers it
/// names, a length byte for times, and a length-encoded string for all others.
void skip_value(PacketReader& reader, std::uint16_t type) {
  switch (static_cast<FieldType>(type & 0xFF)) {
    case FieldType::MYSQL_TYPE_NULL: return;
    case FieldType::MYSQL_TYPE_TINY: return reader.skip(1);
    case FieldType::MYSQL_TYPE_SHORT: return reader.skip(2);
    case FieldType::MYSQL_TYPE_LONG:
    case FieldType::MYSQL_TYPE_FLOAT: return reader.skip(4);
    case FieldType::MYSQL_TYPE_LONGLONG:
    case FieldType::MYSQL_TYPE_DOUBLE: return reader.skip(8);
    default: return reader.skip(reader.lenenc());
  }
}

/// Passes the attributes themselves: null bitmap, flag, types with names, values.
void skip_attributes(PacketReader& reader, std::uint64_t count) {
  const Bytes nulls = reader.bytes((count + 7) / 8);
  if (reader.u8() != 1) reader.set_failed();  // types are mandatory here
  PacketReader types = reader;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    reader.u16();
    reader.str_lenenc();
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint16_t type = types.u16();
    types.str_lenenc();
    const bool is_null = (nulls[i / 8] >> (i % 8) & 1) != 0;
    if (!is_null) skip_value(reader, type);
  }
}

}  // namespace

Result<QueryCommand> QueryCommand::parse(Bytes payload, std::uint32_t capabilities) {
  PacketReader reader(payload);
  if (reader.u8() != static_cast<std::uint8_t>(Command::COM_QUERY)) return fail(Fault::malformed_packet);
  QueryCommand query;
  if ((capabilities & CLIENT_QUERY_ATTRIBUTES) != 0) {
    query.attribute_count = reader.lenenc();
    if (reader.lenenc() != 1) return fail(Fault::malformed_packet);  // parameter sets
    // Each attribute takes two bytes of type and one of name at least: a larger count is a lie.
    if (query.attribute_count > reader.remaining() / 3) return fail(Fault::malformed_packet);
    if (query.attribute_count > 0) skip_attributes(reader, query.attribute_count);
    if (!reader.ok()) return fail(Fault::malformed_packet);
  }
  query.text_offset = payload.size() - reader.remaining();
  query.attributes = payload.subspan(1, query.text_offset - 1);
  query.text = as_text(reader.rest());
  return query;
}

Result<ExecuteCommand> ExecuteCommand::parse(Bytes payload) {
  PacketReader reader(payload);
  if (reader.u8() != static_cast<std::uint8_t>(Command::COM_STMT_EXECUTE))
    return fail(Fault::malformed_packet);
  ExecuteCommand execute;
  execute.statement_id = reader.u32();
  execute.flags = reader.u8();
  reader.u32();  // iterations, always 1
  execute.parameters = reader.rest();
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return execute;
}

Result<ExecuteTypes> ExecuteTypes::parse(const ExecuteCommand& execute, std::uint16_t statement_parameters,
                                         std::uint32_t capabilities) {
  const bool has_names = (capabilities & CLIENT_QUERY_ATTRIBUTES) != 0;
  const bool has_count = has_names && (statement_parameters > 0 ||
                                       (execute.flags & ExecuteCommand::PARAMETER_COUNT_AVAILABLE) != 0);
  PacketReader reader(execute.parameters);
  ExecuteTypes types;
  types.parameter_count = has_count ? reader.lenenc() : statement_parameters;
  if (types.parameter_count == 0)
    return reader.ok() ? Result<ExecuteTypes>(types) : fail(Fault::malformed_packet);
  if (types.parameter_count > execute.parameters.size() * 8)
    return fail(Fault::malformed_packet);  // null bitmap

  reader.skip((types.parameter_count + 7) / 8);
  types.flag_offset = execute.parameters.size() - reader.remaining();
  types.types_bound = reader.u8() == 1;
  if (types.types_bound) {
    const std::uint8_t* start = reader.position();
    for (std::uint64_t i = 0; i < types.parameter_count && reader.ok(); ++i) {
      reader.u16();
      if (has_names) reader.str_lenenc();
    }
    types.types = {start, reader.position()};
  }
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return types;
}

std::optional<std::string_view> first_text_parameter(const ExecuteCommand& execute,
                                                     std::uint16_t statement_parameters, Bytes known_types,
                                                     std::uint32_t capabilities) {
  const auto types = ExecuteTypes::parse(execute, statement_parameters, capabilities);
  if (!types || types->parameter_count == 0) return std::nullopt;
  const std::size_t bitmap_bytes = (types->parameter_count + 7) / 8;
  const bool is_null = (execute.parameters[types->flag_offset - bitmap_bytes] & 1) != 0;
  PacketReader type(types->types_bound ? types->types : known_types);
  if (is_null || !is_text(type.u16()) || !type.ok()) return std::nullopt;
  PacketReader values(execute.parameters.subspan(types->flag_offset + 1 + types->types.size()));
  const std::string_view text = values.str_lenenc();
  return values.ok() ? std::optional(text) : std::nullopt;
}

Result<PrepareOk> PrepareOk::parse(Bytes payload) {
  PacketReader reader(payload);
  if (reader.u8() != ReplyByte::kOk) return fail(Fault::malformed_packet);
  PrepareOk prepared;
  prepared.statement_id = reader.u32();
  prepared.columns = reader.u16();
  prepared.parameters = reader.u16();
  reader.skip(1);
  prepared.warnings = reader.u16();
  if (!reader.at_end()) prepared.has_definitions = reader.u8() != 0;
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return prepared;
}

Result<std::uint32_t> statement_id(Bytes payload) {
  PacketReader reader(payload);
  reader.skip(kStatementIdOffset);
  const std::uint32_t id = reader.u32();
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return id;
}

bool set_statement_id(MutableBytes payload, std::uint32_t id) {
  if (payload.size() < kStatementIdOffset + kStatementIdBytes) return false;
  std::memcpy(payload.data() + kStatementIdOffset, &id, kStatementIdBytes);
  return true;
}

void encode_command(PacketWriter& writer, Command command) {
  begin(writer, command).end();
}

void encode_query(PacketWriter& writer, std::string_view text, std::uint32_t capabilities) {
  begin(writer, Command::COM_QUERY);
  if ((capabilities & CLIENT_QUERY_ATTRIBUTES) != 0) writer.lenenc(0).lenenc(1);
  writer.text(text).end();
}

void encode_init_db(PacketWriter& writer, std::string_view database) {
  begin(writer, Command::COM_INIT_DB).text(database).end();
}

void encode_prepare(PacketWriter& writer, std::string_view text) {
  begin(writer, Command::COM_STMT_PREPARE).text(text).end();
}

void encode_statement_close(PacketWriter& writer, std::uint32_t statement_id) {
  begin(writer, Command::COM_STMT_CLOSE).u32(statement_id).end();
}

}  // namespace lockstep::mysql
