#include "mysql/text_result.h"

#include "mysql/constants.h"
#include "mysql/ok_packet.h"

namespace lockstep::mysql {
namespace {

using Capability::CLIENT_DEPRECATE_EOF;
using Capability::CLIENT_OPTIONAL_RESULTSET_METADATA;

constexpr std::uint16_t kUtf8mb4GeneralCi = 45;  // MySQL and MariaDB of all versions have it
constexpr std::uint32_t kColumnBytes = 1024;     // a hint for tables on screens
constexpr std::uint16_t kNotNull = 1;
constexpr std::uint8_t kNotFixedDecimals = 31;
constexpr std::uint8_t kFullMetadata = 1;

}  // namespace

void TextResultWriter::begin(std::initializer_list<std::string_view> columns) {
  writer_.begin(sequence_++).lenenc(columns.size());
  if ((capabilities_ & CLIENT_OPTIONAL_RESULTSET_METADATA) != 0) writer_.u8(kFullMetadata);
  writer_.end();
  for (const std::string_view name : columns) write_definition(name);
  if ((capabilities_ & CLIENT_DEPRECATE_EOF) == 0)
    EofPacket{.warnings = 0, .status = status_}.encode(writer_, sequence_++);
}

void TextResultWriter::write_definition(std::string_view name) {
  constexpr std::uint64_t kFixedFieldsBytes = 0x0C;
  writer_.begin(sequence_++).str_lenenc("def");
  for (int schema_and_tables = 0; schema_and_tables < 3; ++schema_and_tables) writer_.str_lenenc("");
  writer_.str_lenenc(name).str_lenenc("");
  writer_.lenenc(kFixedFieldsBytes).u16(kUtf8mb4GeneralCi).u32(kColumnBytes);
  writer_.u8(static_cast<std::uint8_t>(FieldType::MYSQL_TYPE_VAR_STRING))
      .u16(kNotNull)
      .u8(kNotFixedDecimals)
      .zeros(2)
      .end();
}

void TextResultWriter::end() {
  OkPacket ok;
  ok.status = status_;
  const OkForm form = (capabilities_ & CLIENT_DEPRECATE_EOF) != 0 ? OkForm::fe_ok : OkForm::eof;
  encode_for_client(writer_, sequence_++, ok, capabilities_, {}, form);
}

}  // namespace lockstep::mysql
