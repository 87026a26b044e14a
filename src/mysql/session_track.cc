#include "mysql/session_track.h"

namespace lockstep::mysql {
namespace {

void append_lenenc(std::string& block, std::uint64_t value) {
  PacketWriter(block).lenenc(value);
}

void append_item_head(std::string& block, TrackerType type, std::size_t data_bytes) {
  block.push_back(static_cast<char>(type));
  append_lenenc(block, data_bytes);
}

}  // namespace

bool StateReader::next(StateItem& item) {
  if (reader_.at_end()) return false;
  const std::uint8_t* start = reader_.position();
  item.type = static_cast<TrackerType>(reader_.u8());
  item.data = as_bytes(reader_.str_lenenc());
  if (!reader_.ok()) return false;
  item.raw = {start, reader_.position()};
  return true;
}

std::optional<std::string_view> StateItem::text() const {
  PacketReader reader(data);
  const std::string_view text = reader.str_lenenc();
  if (!reader.ok()) return std::nullopt;
  return text;
}

std::optional<std::string_view> StateItem::gtids() const {
  PacketReader reader(data);
  const std::uint8_t encoding = reader.u8();  // 0: text; there is no other
  const std::string_view set = reader.str_lenenc();
  if (encoding != 0 || !reader.ok()) return std::nullopt;
  return set;
}

bool VariableReader::next(Variable& variable) {
  if (reader_.at_end()) return false;
  variable.name = reader_.str_lenenc();
  variable.value = reader_.str_lenenc();
  return reader_.ok();
}

void append_variable_item(std::string& block, std::string_view name, std::string_view value) {
  const std::size_t data_bytes =
      lenenc_bytes(name.size()) + name.size() + lenenc_bytes(value.size()) + value.size();
  append_item_head(block, TrackerType::SESSION_TRACK_SYSTEM_VARIABLES, data_bytes);
  PacketWriter(block).str_lenenc(name).str_lenenc(value);
}

void append_text_item(std::string& block, TrackerType type, std::string_view text) {
  append_item_head(block, type, lenenc_bytes(text.size()) + text.size());
  PacketWriter(block).str_lenenc(text);
}

void append_raw_item(std::string& block, const StateItem& item) {
  block.append(as_text(item.raw));
}

}  // namespace lockstep::mysql
